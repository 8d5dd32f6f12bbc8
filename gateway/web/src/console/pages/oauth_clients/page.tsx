// The applications that get tokens from the identity service, each with a page of its own.

import type { JSX } from "preact";
import type { PageProps } from "../../pages";
import { AddPage } from "./add";
import { EditPage } from "./edit";
import { ListPage } from "./list";

export default function OauthClientsPage(props: PageProps): JSX.Element {
  const [id] = props.rest;
  if (id === undefined) return <ListPage />;
  // Ids are hexadecimal, so no application is called that.
  return id === "new" ? <AddPage /> : <EditPage id={id} />;
}
