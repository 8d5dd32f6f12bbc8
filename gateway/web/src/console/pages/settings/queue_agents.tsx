// Who qualifies for a queue now, on the queue's own page (CCP-14).

import type { JSX } from "preact";
import { Section } from "../../../shell/components/parts";
import { texts } from "../../../shell/language";
import { to } from "../../../shell/router";
import { QueueAgentList, words as shared } from "../../components/queue_agents";

const words = texts({
  en: { report: "Printable report" },
  de: { report: "Bericht zum Drucken" },
});

export function QueueAgents(props: { name: string }): JSX.Element {
  return (
    <Section title={shared().title} actions={<a class="button plain" href={to("queue-agents", props.name)}>{words().report}</a>}>
      <p class="small">{shared().intro}</p>
      <QueueAgentList name={props.name} />
    </Section>
  );
}
