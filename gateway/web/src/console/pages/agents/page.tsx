// The agents of a team or of all, live, and behind each its own page.

import type { JSX } from "preact";
import type { PageProps } from "../../pages";
import { AgentPage } from "./agent";
import { ListPage } from "./list";

export default function AgentsPage(props: PageProps): JSX.Element {
  const [id] = props.rest;
  return id === undefined ? <ListPage /> : <AgentPage id={id} />;
}
