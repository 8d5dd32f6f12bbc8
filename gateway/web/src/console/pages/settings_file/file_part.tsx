// All settings as a file: saved from here, and put in force as a whole after its plan was seen.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Problem, save, send } from "../../../shell/api";
import { ChooseFile, type Chosen } from "../../components/file";
import { Button, Notice, Section, Trouble } from "../../../shell/components/parts";
import { useAction } from "../../../shell/use";
import { fill } from "../../../shell/language";
import { inWords } from "../settings/check";
import { isEmpty, PlanShown, type Plan } from "./plan";
import { words } from "./texts";

const LONG_MILLISECONDS = 300_000;

export function Export(): JSX.Element {
  const action = useAction();
  return (
    <Section title={words().exportTitle}>
      <p>{words().exportText}</p>
      <p class="small">{words().exportSecrets}</p>
      <Trouble problem={action.problem} />
      <div class="actions">
        <Button kind="main" busy={action.busy} onClick={() => void action.run(() => save("/settings", {}, "jackfield-settings.yaml", "application/yaml"))}>{words().exportButton}</Button>
      </div>
    </Section>
  );
}

/** What is wrong with a file, said in the language of the console where that is possible. */
function inLanguage(problem: Problem, name: string): Problem {
  if (problem.errors.length === 0) return problem;
  const detail = fill(words().wrongFile, { name, count: problem.errors.length });
  const errors = problem.errors.map((error) => ({ ...error, message: inWords(error.message) }));
  return new Problem(problem.status, problem.code, detail, { errors, reference: problem.reference, retrySeconds: problem.retrySeconds });
}

export function Import(props: { ruled: boolean }): JSX.Element {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [plan, setPlan] = useState<Plan | null>(null);
  const [note, setNote] = useState<{ kind: "ok" | "partial"; text: string } | null>(null);
  const action = useAction();
  const planOf = async (file: Chosen) => (await send<Plan>("POST", "/settings/plan", { body: file.text, milliseconds: LONG_MILLISECONDS })).body;
  const look = (file: Chosen) => {
    setChosen(file);
    setPlan(null);
    setNote(null);
    void action.run(async () => setPlan(await planOf(file)));
  };
  const apply = () => void action.run(async () => {
    if (!chosen || !plan) return;
    setNote(null);
    // What was agreed to is done, and nothing else: the settings may have moved since.
    const now = await planOf(chosen);
    if (JSON.stringify(now) !== JSON.stringify(plan)) {
      setPlan(now);
      setNote({ kind: "partial", text: words().planMoved });
      return;
    }
    await send("PUT", "/settings", { body: chosen.text, milliseconds: LONG_MILLISECONDS });
    setPlan(null);
    setChosen(null);
    setNote({ kind: "ok", text: words().applied });
  });
  return (
    <>
      <Section title={words().importTitle}>
        <p>{words().importText}</p>
        <ChooseFile label={words().file} help={words().fileHelp} accept=".yaml,.yml,.json" notText={words().notText} onChosen={look} />
        <p role="status" class="small">{action.busy && !plan ? words().planning : ""}</p>
        <Trouble problem={action.problem && chosen ? inLanguage(action.problem, chosen.name) : action.problem} />
        {chosen && action.problem?.errors.some((error) => /_(hash|sealed)$/.test(error.field)) && chosen.text.includes("(set)") && <Notice kind="partial">{words().maskedSecrets}</Notice>}
        {note && <Notice kind={note.kind}>{note.text}</Notice>}
        {props.ruled && plan && !isEmpty(plan) && <Notice kind="partial" quiet>{words().ruledPlan}</Notice>}
      </Section>
      {plan && <PlanShown plan={plan} busy={action.busy} onApply={props.ruled ? undefined : apply} />}
    </>
  );
}
