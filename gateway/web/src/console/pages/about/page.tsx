// Which program this is, and whose parts are in it.

import type { JSX } from "preact";
import { Facts, Loading, Page, Section, Trouble } from "../../../shell/components/parts";
import { LongTable, type Column } from "../../components/table";
import { useGet } from "../../../shell/use";
import { time } from "../../../shell/language";
import { words } from "./texts";

interface Part {
  name: string;
  version: string;
  licence: string;
}

interface About {
  product: string;
  version: string;
  node?: string;
  rustc?: string | null;
  started_at: string;
  licences: Part[];
}

export default function AboutPage(): JSX.Element {
  const asked = useGet<About>("/about");
  const about = asked.value;
  const columns: Column<Part>[] = [
    { id: "name", title: words().name, width: 2, cell: (part) => part.name, sort: (part) => part.name },
    { id: "version", title: words().version, cell: (part) => part.version },
    { id: "licence", title: words().licence, width: 2, cell: (part) => part.licence, sort: (part) => part.licence },
  ];
  return (
    <Page title={words().title} intro={words().product}>
      <Trouble problem={asked.problem} again={asked.again} />
      {!about && asked.busy && <Loading />}
      {about && (
        <Section title={about.product}>
          <Facts facts={[
            [words().version, about.version],
            [words().started, time(about.started_at)],
            ...(about.rustc ? [[words().compiler, about.rustc] as [string, string]] : []),
            [words().licence, words().own],
          ]} />
          <p>{words().guide}</p>
          <p><a href="api/v1/openapi.json">{words().api}</a></p>
        </Section>
      )}
      {about && (
        <Section title={words().parts}>
          <p>{words().partsText}</p>
          <LongTable caption={words().parts} columns={columns} rows={about.licences} id={(part) => `${part.name} ${part.version}`} />
        </Section>
      )}
    </Page>
  );
}
