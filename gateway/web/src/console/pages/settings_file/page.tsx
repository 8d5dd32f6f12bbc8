// Import and export: all settings as a file, tables, a Finesse server, and how a ruling file differs from what
// is in force.

import type { JSX } from "preact";
import { Button, Loading, Notice, Page, Section, State, Trouble } from "../../../shell/components/parts";
import { useGet } from "../../../shell/use";
import { fill, number } from "../../../shell/language";
import type { PageProps } from "../../pages";
import { place, setQuery } from "../../../shell/router";
import { Export, Import } from "./file_part";
import { Finesse, Table } from "./other_part";
import { words } from "./texts";

interface Status {
  settings: { from_file: string | null; drift?: { changes?: number; problem?: string } };
}

const WAYS = ["file", "table", "finesse"] as const;

export default function SettingsFilePage(_: PageProps): JSX.Element {
  const status = useGet<Status>("/status", {}, 10);
  const way = WAYS.find((it) => it === place.value.query.get("way")) ?? "file";
  const settings = status.value?.settings;
  const ruled = settings?.from_file ?? null;
  return (
    <Page title={words().title} intro={words().intro} actions={<a href="#/settings">{words().back}</a>}>
      <Trouble problem={status.problem} again={status.again} />
      {!status.value && status.busy && <Loading />}
      {ruled !== null && <Drift file={ruled} drift={settings?.drift} />}
      {status.value && (
        <>
          <nav class="ways" aria-label={words().ways}>
            {WAYS.map((it) => (
              <Button key={it} pressed={way === it} onClick={() => setQuery({ way: it })}>{words().wayNames[it]}</Button>
            ))}
          </nav>
          {way === "file" && <><Export /><Import ruled={ruled !== null} /></>}
          {way === "table" && <Table ruled={ruled !== null} />}
          {way === "finesse" && <Finesse ruled={ruled !== null} />}
        </>
      )}
    </Page>
  );
}

/** How the file that rules the settings differs from what is in force (BYD-05). */
function Drift(props: { file: string; drift: Status["settings"]["drift"] }): JSX.Element {
  const { drift } = props;
  const changes = drift?.changes;
  const state = drift?.problem !== undefined ? "missing" : changes === undefined ? "unknown" : changes === 0 ? "ok" : "partial";
  const text = drift?.problem !== undefined ? fill(words().driftWrong, { problem: drift.problem })
    : changes === undefined ? words().driftUnknown
    : changes === 0 ? words().driftNone : fill(words().driftSome, { count: number(changes) });
  return (
    <Section title={words().driftTitle}>
      <p>{fill(words().ruledBy, { file: props.file })}</p>
      <p><State state={state} word={words().driftStates[state]} /></p>
      {state === "ok" ? <p>{text}</p> : <Notice kind={state} quiet>{text}</Notice>}
    </Section>
  );
}
