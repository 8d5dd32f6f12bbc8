// Single sign-on as people meet it: the way in, why it came to nothing, and the tab that it opened beside a
// session that was over.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Mark, Preferences } from "../preferences";
import { words as shared } from "../components/texts";
import { fill } from "../language";
import { place } from "../router";
import { lookAgain, singleSignOnAddress } from "../session";
import { words } from "./texts";

/** Where the way in comes back to when it came to nothing, and when it was opened beside another page. */
export const SIGNED_OUT = "signed-out";
export const SIGNED_IN = "signed-in";
/** So often a page whose session is over looks whether somebody signed on in the other tab. */
const LOOK_MILLISECONDS = 2_000;

/** The way in. Beside an open page (`beside`) it is a tab of its own, so that nothing typed is lost. */
export function SingleSignOn(props: { beside: boolean; ready: boolean; acknowledged: boolean }): JSX.Element {
  const [opened, setOpened] = useState(false);
  useEffect(() => {
    if (!opened) return undefined;
    const timer = setInterval(() => { lookAgain().catch(() => {}); }, LOOK_MILLISECONDS);
    return () => clearInterval(timer);
  }, [opened]);
  const text = words().single;
  if (!props.ready) return <button type="button" class="button main big" disabled>{text}</button>;
  if (props.beside) {
    return (
      <>
        <a class="button main big" target="_blank" rel="noopener" href={singleSignOnAddress(`#/${SIGNED_IN}`, props.acknowledged)}
          onClick={() => setOpened(true)}>{text}</a>
        <p class="small" role="status">{opened ? words().singleWaiting : words().singleBeside}</p>
      </>
    );
  }
  const isOwn = [SIGNED_OUT, SIGNED_IN].includes(place.value.parts[0] ?? "");
  const back = location.hash.startsWith("#/") && !isOwn ? location.hash : "#/";
  return <a class="button main big" href={singleSignOnAddress(back, props.acknowledged)}>{text}</a>;
}

/** This page in a window of its own: identity providers show themselves within no other page. */
export function InWindow(): JSX.Element {
  return (
    <>
      <p class="small">{words().inWindowText}</p>
      <a class="button main big" target="jackfield-workspace" rel="noopener" href={location.pathname}>{words().inWindow}</a>
    </>
  );
}

/** Why nobody is signed in, as the node says it behind `#`. */
export interface Refusal {
  title: string;
  text: string;
  reference: string | null;
}

/** Words for what the node says; texts of the address itself are never shown, but for a reference's letters. */
export function refusalOf(query: URLSearchParams): Refusal | null {
  const code = query.get("error");
  if (code === null) return null;
  const refusals = words().refusals;
  const known = Object.hasOwn(refusals, code) ? refusals[code] : undefined;
  const reference = query.get("reference") ?? "";
  return { ...(known ?? words().refusedOtherwise), reference: /^[A-Za-z0-9-]{1,32}$/.test(reference) ? reference : null };
}

export function RefusalShown(props: { refusal: Refusal }): JSX.Element {
  return (
    <div class="notice notice-missing" role="alert">
      <p>{props.refusal.text}</p>
      {props.refusal.reference && <p>{fill(shared().reference, { reference: props.refusal.reference })}</p>}
    </div>
  );
}

function Alone(props: { title: string; children: ComponentChildren }): JSX.Element {
  useEffect(() => { document.title = `${props.title} · ${shared().product}`; }, [props.title]);
  return (
    <main class="alone">
      <div class="sheet">
        <p class="brand"><Mark />{shared().product}</p>
        <h1>{props.title}</h1>
        {props.children}
      </div>
      <Preferences />
    </main>
  );
}

/** A sign-on that was refused in a browser in which somebody is signed in all the same. */
export function RefusedBeside(props: { refusal: Refusal; who: string }): JSX.Element {
  return (
    <Alone title={props.refusal.title}>
      <RefusalShown refusal={props.refusal} />
      <p>{fill(words().stillSignedIn, { who: props.who })}</p>
      <p><a href="#/">{shared().toOverview}</a></p>
    </Alone>
  );
}

/** What stands in the tab that was opened beside a session that was over. */
export function SignedInBeside(props: { who: string }): JSX.Element {
  return (
    <Alone title={words().signedIn}>
      <p>{fill(words().signedInText, { who: props.who })}</p>
      <p><a href="#/">{shared().toOverview}</a></p>
    </Alone>
  );
}
