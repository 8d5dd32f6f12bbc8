// The frame of the workspace: states, contacts in hand and queues beside, whatever is worked on in the middle.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Switch } from "../shell/components/field";
import { Button, Dialog } from "../shell/components/parts";
import { words as shared } from "../shell/components/texts";
import * as storage from "../shell/kept";
import { fill, time } from "../shell/language";
import { Mark, Preferences } from "../shell/preferences";
import { go, place } from "../shell/router";
import { session, signOut } from "../shell/session";
import { alertsOn, dismiss, toasts, turnOff, turnOn } from "./alerts";
import type { Contact } from "./answers";
import { Controls, EndWork, toggleState } from "./desk";
import { keysOn, setKeys, useKeys } from "./keys";
import { Numbers } from "./numbers/numbers";
import { customer, desk, me, mine, selected, stream, unseen } from "./state";
import { words } from "./texts";

export function Frame(props: { children: ComponentChildren }): JSX.Element {
  const [helping, setHelping] = useState(false);
  const [ending, setEnding] = useState(false);
  const [menu, setMenu] = useState(false);
  const step = (by: number) => {
    const ids = mine.value.map((one) => one.id);
    const here = ids.indexOf(selected.value ?? "");
    const next = ids[here < 0 ? 0 : (here + by + ids.length) % ids.length];
    if (next) go(`#/contacts/${next}`);
  };
  const toPlace = (index: number) => () => { const one = mine.value[index]; if (one) go(`#/contacts/${one.id}`); };
  useKeys({
    "?": () => setHelping(true), s: toggleState, j: () => step(1), k: () => step(-1), "/": () => go("#/search"),
    t: me.value?.can_supervise ? () => go("#/team") : undefined,
    1: toPlace(0), 2: toPlace(1), 3: toPlace(2), 4: toPlace(3), 5: toPlace(4),
  });
  useEffect(() => {
    const fresh = unseen.value.size;
    const name = document.title.replace(/^\(\d+\) /, "");
    document.title = fresh > 0 ? `(${fresh}) ${name}` : name;
  }, [unseen.value, place.value]);
  const isAgent = me.value?.agent !== null && desk.value !== null;
  return (
    <div class="workspace">
      <a class="skip" href="#content" onClick={(event) => {
        event.preventDefault();
        document.getElementById("content")?.focus();
      }}>{words().skip}</a>
      <header class="bar">
        <a class="brand" href="#/" aria-label={words().product}><Mark /><span class="brand-name">{words().product}</span></a>
        <div class="controls"><Controls /></div>
        <div class="bar-buttons">
          <Button onClick={() => setHelping(true)} label={words().help}><span aria-hidden="true">?</span></Button>
          <Button onClick={() => setMenu(!menu)} expanded={menu} controls="workspace-menu">{words().menu}</Button>
          {isAgent ? <Button onClick={() => setEnding(true)}>{words().desk.signOut}</Button> : <Button onClick={() => void signOut()}>{shared().signOut}</Button>}
        </div>
      </header>
      {menu && (
        <section id="workspace-menu" class="menu" aria-label={words().menu}>
          <p>{fill(shared().signedInAs, { who: me.value?.name ?? session.value?.who ?? "" })}</p>
          <Preferences />
          <Alerts />
          <Switch label={words().keys.on} help={words().keys.onHelp} value={keysOn.value} onInput={setKeys} />
        </section>
      )}
      <div class="desk">
        <aside class="side" aria-label={words().contacts}>
          {isAgent && <Tabs />}
          {isAgent && <Numbers />}
          <nav class="views" aria-label={words().views}>
            {isAgent && <a href="#/" aria-current={["", "contacts"].includes(place.value.parts[0] ?? "") ? "page" : undefined}>{words().home}</a>}
            <a href="#/search" aria-current={place.value.parts[0] === "search" ? "page" : undefined}>{words().search}</a>
            {me.value?.can_supervise && <a href="#/team" aria-current={place.value.parts[0] === "team" || me.value.agent === null ? "page" : undefined}>{words().team}</a>}
          </nav>
        </aside>
        <main id="content" tabIndex={-1}>
          <Lost />
          {!alertsOn.value && storage.kept("jackfield.workspace.alerts") === null && isAgent && <AskAlerts />}
          {props.children}
        </main>
      </div>
      <Toasts />
      <Help open={helping} onClose={() => setHelping(false)} />
      <EndWork open={ending} onClose={() => setEnding(false)} />
    </div>
  );
}

/** An envelope, or a pencil once an answer is begun. */
function Icon(props: { begun: boolean }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      {props.begun
        ? <path d="M3 17l1-4L14 3l3 3L7 16z M12 5l3 3" />
        : <path d="M2 4h16v12H2z M2 5l8 6 8-6" />}
    </svg>
  );
}

function Tab(props: { contact: Contact }): JSX.Element {
  const { contact } = props;
  const isNew = unseen.value.has(contact.id);
  const subject = contact.subject || words().noSubject;
  return (
    <li>
      <a class={isNew ? "tab tab-new" : "tab"} href={`#/contacts/${contact.id}`} title={subject} aria-current={selected.value === contact.id ? "true" : undefined}>
        <Icon begun={contact.begun} />
        <span class="tab-text">
          <span class="hidden-visually">{contact.begun ? words().emailBegun : words().email} </span>
          <span class="tab-name">{customer(contact)}</span>
          {contact.customer.name && <span class="tab-address">{contact.customer.address}</span>}
          <span class="tab-time"><span class="hidden-visually">{fill(words().received, { time: "" })}</span>{time(contact.arrived_at)}</span>
        </span>
        {isNew && <span class="badge">{words().fresh}</span>}
      </a>
    </li>
  );
}

function Tabs(): JSX.Element {
  const count = mine.value.length;
  return (
    <section class="tabs" aria-labelledby="tabs-title">
      <h2 id="tabs-title">{fill(words().contactsCount, { count, most: Math.max(count, me.value?.emails_per_agent ?? 0) })}</h2>
      {count > 0
        ? <ul>{mine.value.map((contact) => <Tab key={contact.id} contact={contact} />)}</ul>
        : <p class="small">{words().noContacts}</p>}
    </section>
  );
}

/** Says when what is shown may be old. */
function Lost(): JSX.Element {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => setOnline(navigator.onLine);
    addEventListener("online", look);
    addEventListener("offline", look);
    return () => {
      removeEventListener("online", look);
      removeEventListener("offline", look);
    };
  }, []);
  const text = !online ? words().offline : stream.value === "lost" ? words().lost : "";
  return <div role="status" class={text ? "notice notice-partial connection" : "hidden-visually"}>{text}</div>;
}

function AskAlerts(): JSX.Element {
  return (
    <div class="notice ask-alerts">
      <p>{words().alerts.text}</p>
      <div class="actions">
        <Button kind="main" onClick={() => void turnOn()}>{words().alerts.on}</Button>
        <Button onClick={turnOff}>{words().close}</Button>
      </div>
    </div>
  );
}

/** Sounds and notifications, in the menu. */
function Alerts(): JSX.Element {
  const isBlocked = alertsOn.value && "Notification" in window && Notification.permission === "denied";
  return (
    <div class="alerts">
      <p>{alertsOn.value ? isBlocked ? words().alerts.blocked : words().alerts.isOn : words().alerts.text}</p>
      {alertsOn.value ? <Button onClick={turnOff}>{words().alerts.off}</Button> : <Button onClick={() => void turnOn()}>{words().alerts.on}</Button>}
    </div>
  );
}

function Toasts(): JSX.Element {
  return (
    <section class="toasts" aria-label={words().toasts}>
      <div role="status">
        {toasts.value.map((one) => (
          <div key={one.number} class={`toast toast-${one.kind}`}>
            {one.place ? <a href={one.place} onClick={() => dismiss(one.number)}>{one.text}</a> : <p>{one.text}</p>}
            <button type="button" class="toast-close" aria-label={words().close} onClick={() => dismiss(one.number)}>✕</button>
          </div>
        ))}
      </div>
    </section>
  );
}

function Keys(props: { title: string; keys: Record<string, string> }): JSX.Element {
  return (
    <table class="keys">
      <caption>{props.title}</caption>
      <thead><tr><th scope="col">{words().keys.key}</th><th scope="col">{words().keys.does}</th></tr></thead>
      <tbody>{Object.entries(props.keys).map(([key, does]) => <tr key={key}><td><kbd>{key}</kbd></td><td>{does}</td></tr>)}</tbody>
    </table>
  );
}

function Help(props: { open: boolean; onClose: () => void }): JSX.Element {
  const told = words().keys;
  return (
    <Dialog open={props.open} title={told.title} onClose={props.onClose} wide>
      <p>{told.text}</p>
      <Switch label={told.on} help={told.onHelp} value={keysOn.value} onInput={setKeys} />
      <div class="columns">
        <Keys title={words().home} keys={told.list} />
        <Keys title={told.inText} keys={told.texts} />
      </div>
      <div class="dialog-actions"><Button kind="main" onClick={props.onClose}>{words().close}</Button></div>
    </Dialog>
  );
}
