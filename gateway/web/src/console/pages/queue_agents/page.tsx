// The printable report of a queue: what it is and who qualifies for it now, all on paper (CCP-14).

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button, Facts, Loading, Page, Section, Trouble } from "../../../shell/components/parts";
import { day, fill, number, texts, time } from "../../../shell/language";
import { to } from "../../../shell/router";
import { useGet } from "../../../shell/use";
import { QueueAgentList, words as shared } from "../../components/queue_agents";
import type { PageProps } from "../../pages";

interface Queue {
  name: string;
  channel?: "email" | "chat";
  selection?: "longest_available" | "most_skilled";
  skills?: Record<string, number>;
  email?: { address: string; mail_server: string };
}

const words = texts({
  en: {
    title: "Queue {name}",
    intro: "As of {at}.",
    print: "Print",
    back: "Back to the queue",
    type: "Type",
    selection: "Which agent",
    selections: { longest_available: "Who is available the longest", most_skilled: "Who is the most skilled" } as Record<string, string>,
    skills: "Skills, with the least competence",
    skill: "{name} ({least})",
    mailbox: "Mailbox",
    server: "Mail server",
  },
  de: {
    title: "Warteschlange {name}",
    intro: "Stand {at}.",
    print: "Drucken",
    back: "Zurück zur Warteschlange",
    type: "Typ",
    selection: "Welcher Agent",
    selections: { longest_available: "Wer am längsten verfügbar ist", most_skilled: "Wer am fähigsten ist" } as Record<string, string>,
    skills: "Fähigkeiten mit Mindestkompetenz",
    skill: "{name} ({least})",
    mailbox: "Postfach",
    server: "Mailserver",
  },
});

export default function QueueReport(props: PageProps): JSX.Element {
  const name = props.rest.join("/");
  const asked = useGet<Queue>(`/csqs/${encodeURIComponent(name)}`);
  const queue = asked.value;
  const title = fill(words().title, { name });
  // When the page was opened: paper shows no other time.
  const [at] = useState(() => new Date().toISOString());
  return (
    <Page title={title} intro={fill(words().intro, { at: `${day(at)}, ${time(at)}` })} actions={
      <>
        <Button kind="main" onClick={() => print()}>{words().print}</Button>
        <a href={to("settings", "csqs", name)}>{words().back}</a>
      </>
    }>
      <Trouble problem={asked.problem} again={asked.again} />
      {!queue && asked.busy && <Loading />}
      {queue && (
        <>
          <Facts facts={[
            [words().type, shared().channel[queue.channel ?? "email"]],
            [words().selection, words().selections[queue.selection ?? "longest_available"]],
            [words().skills, Object.entries(queue.skills ?? {}).map(([name, least]) => fill(words().skill, { name, least: number(least) })).join(", ")],
            ...(queue.email ? [[words().mailbox, queue.email.address], [words().server, queue.email.mail_server]] as [string, string][] : []),
          ]} />
          <Section title={shared().title}>
            <p class="small">{shared().intro}</p>
            <QueueAgentList name={name} whole />
          </Section>
        </>
      )}
    </Page>
  );
}
