// A phone's screen as its agent sees it: title, lines, prompt and soft keys. All of it is text.

import type { JSX } from "preact";
import { agentWords as words } from "./agent_texts";
import type { PhoneItem, PhoneKey, PhonePage } from "./answers";

/** So many keys a phone shows side by side. */
const KEYS_SHOWN = 5;

function itemOf(item: string | PhoneItem): { name: string; value: string | null } {
  if (typeof item === "string") return { name: item, value: null };
  return { name: item.name ?? item.label ?? "", value: item.value ?? null };
}

function keyOf(key: string | PhoneKey): string {
  return typeof key === "string" ? key : key.name;
}

export function PhoneScreen(props: { page: PhonePage; label: string }): JSX.Element {
  const { page } = props;
  const keys = page.soft_keys.map(keyOf).filter((name) => name !== "");
  const isForm = page.xml?.includes("<CiscoIPPhoneInput") ?? false;
  return (
    <section class="phone" aria-label={props.label}>
      <div class="phone-screen">
        <p class="phone-title">{page.title ?? ""}</p>
        <div class="phone-body">
          {page.text && <p class="phone-text">{page.text}</p>}
          {page.items.length > 0 && (isForm
            ? <dl class="phone-form">{page.items.map(itemOf).map((item, place) => <div key={place}><dt>{item.name}</dt><dd>{item.value ?? ""}</dd></div>)}</dl>
            : <ol class="phone-menu">{page.items.map(itemOf).map((item, place) => <li key={place}>{item.name}</li>)}</ol>)}
        </div>
        {page.prompt && <p class="phone-prompt">{page.prompt}</p>}
        {keys.length === 0
          ? <p class="phone-prompt">{words().noKeys}</p>
          : <ul class="phone-keys" aria-label={words().keys}>{keys.map((name, place) => <li key={place} class={place >= KEYS_SHOWN ? "later" : undefined}>{name}</li>)}</ul>}
      </div>
    </section>
  );
}
