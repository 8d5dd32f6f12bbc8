// A phone's screen as its agent sees it: title, lines, prompt and soft keys. All of it is text.

import type { JSX } from "preact";
import { agentWords as words } from "./agent_texts";
import type { PhonePage } from "./answers";

export function PhoneScreen(props: { page: PhonePage; label: string }): JSX.Element {
  const { page } = props;
  // The settings button stands at -1 and shows no name.
  const keys = page.soft_keys.filter((key) => key.position > 0 && key.name !== "");
  return (
    <section class="phone" aria-label={props.label}>
      <div class="phone-screen">
        <p class="phone-title">{page.title ?? ""}</p>
        <div class="phone-body">
          {page.text && <p class="phone-text">{page.text}</p>}
          {page.items.length > 0 && <ol class="phone-menu">{page.items.map((item, place) => <li key={place}>{item}</li>)}</ol>}
        </div>
        {page.prompt && <p class="phone-prompt">{page.prompt}</p>}
        {keys.length === 0
          ? <p class="phone-prompt">{words().noKeys}</p>
          : <ul class="phone-keys" aria-label={words().keys}>{keys.map((key) => <li key={key.position}>{key.name}</li>)}</ul>}
      </div>
    </section>
  );
}
