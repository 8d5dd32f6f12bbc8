// Who takes part in single sign-on, with a test of each, and who does not.

import type { JSX } from "preact";
import { Button, Empty, Section } from "../../../shell/components/parts";
import { Table } from "../../components/table";
import { fill } from "../../../shell/language";
import type { Identity } from "./answers";
import { words } from "./texts";
import { LastTest, TrialTold, type Trial } from "./trial";

export function TakingPart(props: { identity: Identity; trial: Trial }): JSX.Element {
  const { identity, trial } = props;
  return (
    <>
      <Section title={words().components}>
        <p>{words().componentsText}</p>
        <TrialTold trial={trial} kind="component" />
        <Table caption={words().components} rows={identity.components} id={(it) => it.name} stacks empty={<Empty title={words().noComponents} />} columns={[
          { id: "name", title: words().component, cell: (it) => <>{words().kinds[it.kind] ?? it.kind} <span class="small">{it.name}</span></>, sort: (it) => it.name },
          { id: "node", title: words().node, cell: (it) => it.node, sort: (it) => it.node },
          { id: "tested", title: words().lastTest, cell: (it) => <LastTest tested={it.tested} /> },
          { id: "test", title: words().test, cell: (it) => (
            <Button busy={trial.busy} label={fill(words().testNamed, { name: it.name })} onClick={() => trial.begin({ kind: "component", name: it.name })}>{words().test}</Button>
          ) },
        ]} />
      </Section>
      <Section title={words().outside}>
        {identity.outside.length > 0 && <p>{words().outsideText}</p>}
        <Table caption={words().outside} rows={identity.outside} id={(it) => it.name} stacks empty={<p>{words().noneOutside}</p>} columns={[
          { id: "name", title: words().application, cell: (it) => it.name },
          { id: "why", title: words().why, cell: (it) => it.why },
        ]} />
      </Section>
    </>
  );
}
