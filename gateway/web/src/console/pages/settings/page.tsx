// The settings: all sections, the list of one, the form of a document.
//
//   #/settings                   all sections, and the search
//   #/settings/agents            a list; ?new=yes and ?copy=NAME are forms
//   #/settings/agents/1001       a document
//   #/settings/voice             the only document of its section

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../../../shell/api";
import { Empty, Loading, Page, Trouble } from "../../../shell/components/parts";
import { words as shared } from "../../../shell/components/texts";
import { problemOf, useGet } from "../../../shell/use";
import type { PageProps } from "../../pages";
import { place } from "../../../shell/router";
import { FormPage } from "./form";
import { Home } from "./home";
import { ListPage } from "./list_page";
import { schemas, type Schema } from "./schema";
import { sectionOf, spoken } from "./sections";
import { words } from "./texts";

interface Status {
  settings: { from_file: string | null };
}

export default function SettingsPage(props: PageProps): JSX.Element {
  const status = useGet<Status>("/status");
  const [shapes, setShapes] = useState<Record<string, Schema> | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const load = () => {
    setProblem(null);
    schemas().then(setShapes, (error: unknown) => setProblem(problemOf(error)));
  };
  useEffect(load, []);
  const section = sectionOf(props.rest[0]);
  const schema = section && shapes?.[section.schema];
  const title = section ? spoken(section.title) : words().title;
  // What the node does not describe it does not have.
  if (props.rest.length > 0 && (!section || (shapes && !schema))) {
    return <Page title={shared().notFound}><Empty title={shared().notFoundText}><a href="#/settings">{words().title}</a></Empty></Page>;
  }
  const trouble = problem ?? status.problem;
  if (trouble) return <Page title={title}><Trouble problem={trouble} again={() => { load(); status.again(); }} /></Page>;
  if (!status.value || !shapes) return <Page title={title}><Loading /></Page>;
  const ruled = status.value.settings.from_file;
  if (!section || !schema) return <Home ruled={ruled} shapes={shapes} />;
  const { query } = place.value;
  const name = section.named_by.length === 0 ? "" : props.rest.length > 1 ? props.rest.slice(1).join("/") : null;
  const from = query.get("copy");
  if (name !== null || query.has("new") || from !== null) {
    return <FormPage key={`${name} ${from}`} section={section} schema={schema} name={name} from={from} ruled={ruled} />;
  }
  return <ListPage section={section} schema={schema} ruled={ruled} />;
}
