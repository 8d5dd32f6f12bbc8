// Closed mails, found by words, customer and days (MAIL-16).

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, type Page } from "../shell/api";
import { TextField } from "../shell/components/field";
import { Button, Empty, Trouble } from "../shell/components/parts";
import { words as shared } from "../shell/components/texts";
import { time } from "../shell/language";
import { useAction } from "../shell/use";
import type { Contact } from "./answers";
import { customer, path } from "./state";
import { words } from "./texts";

/** A day as it is typed, at a time of day here; nothing for no day. */
function moment(day: string, at: string): string {
  const there = new Date(`${day}T${at}`);
  return Number.isNaN(there.getTime()) ? "" : there.toISOString();
}

/** Contacts, and whether there are more than are told. */
type Found = Page<Contact> & { is_cut?: boolean };

export function Find(): JSX.Element {
  const told = words().find;
  const [query, setQuery] = useState({ q: "", customer: "", from: "", to: "" });
  const [found, setFound] = useState<Found | null>(null);
  const { busy, problem, run } = useAction();
  useEffect(() => { document.title = `${told.title} · ${words().product}`; }, [told.title]);
  const look = (after: string | null) => run(async () => {
    const page = await get<Found>(path("search"), { ...query, from: moment(query.from, "00:00:00.000"), to: moment(query.to, "23:59:59.999"), after, limit: 50 });
    setFound((before) => (after && before ? { ...page, items: [...before.items, ...page.items] } : page));
  });
  const field = (name: keyof typeof query, label: string, type: "search" | "text" = "text") => (
    <TextField label={label} value={query[name]} {...{ type: name === "from" || name === "to" ? "date" as "text" : type }} onInput={(value) => setQuery({ ...query, [name]: value })} />
  );
  return (
    <div class="page">
      <h1>{told.title}</h1>
      <p class="small">{told.what}</p>
      <form class="filters" onSubmit={(event) => {
        event.preventDefault();
        void look(null);
      }}>
        {field("q", told.words, "search")}
        {field("customer", told.customer)}
        {field("from", told.from)}
        {field("to", told.to)}
        <Button type="submit" kind="main" busy={busy}>{told.find}</Button>
      </form>
      <Trouble problem={problem} />
      {found && found.items.length === 0 && <Empty title={told.none} />}
      {found && found.items.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label={told.title}>
          <table class="stacks titled">
            <thead><tr>{[told.when, told.customerColumn, told.subject, told.queue, told.how, told.agent].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
            <tbody>
              {found.items.map((one) => (
                <tr key={one.id}>
                  <td data-title={told.when}>{time(one.closed_at)}</td>
                  <th scope="row">{customer(one)}</th>
                  <td data-title={told.subject}><a href={`#/contacts/${one.id}`}>{one.subject || words().noSubject}</a></td>
                  <td data-title={told.queue}>{one.csq}</td>
                  <td data-title={told.how}>{one.how ? words().mail.how[one.how] ?? one.how : "–"}</td>
                  <td data-title={told.agent}>{one.agent ?? "–"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found?.is_cut && <p class="notice" role="status">{told.cut}</p>}
      {found?.next && <div class="actions"><Button busy={busy} onClick={() => void look(found.next)}>{shared().more}</Button></div>}
    </div>
  );
}
