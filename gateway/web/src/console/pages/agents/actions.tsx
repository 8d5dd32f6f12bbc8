// What may be done to an agent from here: ready, not ready with a reason, signed out.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send, type Page, type Problem } from "../../../shell/api";
import { Choice } from "../../../shell/components/field";
import { Button, Dialog, Notice, problemText, Section } from "../../../shell/components/parts";
import { words as shared } from "../../../shell/components/texts";
import { useAction, useGet } from "../../../shell/use";
import { fill } from "../../../shell/language";
import { stateWord, type AgentState } from "../../../shell/presence";
import { agentWords as words } from "./agent_texts";
import type { ReasonCode } from "./answers";

type Wish = "ready" | "not_ready" | "signed_out";

function told(problem: Problem): string {
  const text = words().problems[problem.code];
  // The contact centre's own words say why it refused.
  return text === undefined ? problemText(problem) : problem.code === "refused" ? `${text} ${problem.message}` : text;
}

export function Actions(props: { agent: AgentState; changed: (agent: AgentState) => void }): JSX.Element {
  const { agent } = props;
  const reasons = useGet<Page<ReasonCode>>("/reason-codes", { limit: 1000 });
  const [reason, setReason] = useState("");
  const [signOutReason, setSignOutReason] = useState("");
  const [asking, setAsking] = useState<"signed_out" | "ready" | null>(null);
  const [said, setSaid] = useState("");
  const { busy, problem, run } = useAction();
  const wish = (state: Wish, code: string) => {
    setAsking(null);
    setSaid("");
    void run(async () => {
      const body = { state, ...(code === "" ? {} : { reason_code: Number(code) }) };
      const answer = await send<AgentState>("PUT", `/agents/${encodeURIComponent(agent.agent)}/state`, { body });
      props.changed(answer.body);
      setSaid(answer.body.state === state ? fill(words().done, { state: stateWord(answer.body.state) }) : words().doneLater);
    });
  };
  if (agent.state === "signed_out") return <Section title={words().act}><p>{words().signedOutText}</p></Section>;
  const options = (category: ReasonCode["category"]) => [
    { value: "", label: words().noReason },
    ...(reasons.value?.items ?? [])
      .filter((it) => it.category === category && (!it.teams?.length || it.teams.includes(agent.team ?? "")))
      .map((it) => ({ value: String(it.code), label: `${it.label} (${it.code})` })),
  ];
  const who = agent.name === agent.agent ? agent.agent : `${agent.name} (${agent.agent})`;
  return (
    <Section title={words().act}>
      {problem && <div class="notice notice-missing" role="alert"><p>{told(problem)}</p></div>}
      <div role="status" class={said ? undefined : "hidden-visually"}>{said && <Notice quiet kind="ok">{said}</Notice>}</div>
      <div class="filters">
        <Button kind="main" busy={busy} onClick={() => agent.state === "wrap_up" ? setAsking("ready") : wish("ready", "")}>{words().ready}</Button>
      </div>
      <div class="filters">
        <Choice label={words().reasonFor} value={reason} onInput={setReason} options={options("not_ready")} />
        <Button busy={busy} onClick={() => wish("not_ready", reason)}>{words().notReady}</Button>
      </div>
      <div class="filters">
        <Button kind="danger" busy={busy} onClick={() => setAsking("signed_out")}>{words().signOut}</Button>
      </div>
      <Dialog open={asking === "signed_out"} title={fill(words().signOutAsk, { agent: who })} onClose={() => setAsking(null)}>
        <p>{words().signOutText}</p>
        <Choice label={words().signOutReason} value={signOutReason} onInput={setSignOutReason} options={options("sign_out")} />
        <div class="dialog-actions">
          <Button onClick={() => setAsking(null)}>{shared().cancel}</Button>
          <Button kind="danger" onClick={() => wish("signed_out", signOutReason)}>{words().signOut}</Button>
        </div>
      </Dialog>
      <Dialog open={asking === "ready"} title={fill(words().wrapUpAsk, { agent: who })} onClose={() => setAsking(null)}>
        <p>{words().wrapUpText}</p>
        <div class="dialog-actions">
          <Button onClick={() => setAsking(null)}>{shared().cancel}</Button>
          <Button kind="main" onClick={() => wish("ready", "")}>{words().ready}</Button>
        </div>
      </Dialog>
    </Section>
  );
}
