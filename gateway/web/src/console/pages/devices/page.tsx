// The phones: which are there and how they are reached, and behind each its own page.

import type { JSX } from "preact";
import type { PageProps } from "../../pages";
import { DevicePage } from "./device";
import { ListPage } from "./list";

export default function DevicesPage(props: PageProps): JSX.Element {
  const [name] = props.rest;
  return name === undefined ? <ListPage /> : <DevicePage name={name} />;
}
