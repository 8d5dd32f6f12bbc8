// All sections of the settings as an administrator thinks of them, and a search over everything in them.

import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { get, type Page as ListPart } from "../../../shell/api";
import { TextField } from "../../../shell/components/field";
import { Empty, Notice, Page, Section } from "../../../shell/components/parts";
import { fill } from "../../../shell/language";
import { place, setQuery } from "../../../shell/router";
import type { Schema } from "./schema";
import { GROUPS, nameOf, pageOf, SECTIONS, spoken, type SectionEntry } from "./sections";
import { words } from "./texts";

/** So many entries of one section are shown. */
const ENTRIES_SHOWN = 5;
/** So many fields. */
const FIELDS_SHOWN = 30;
const PAUSE_MILLISECONDS = 250;

interface Entries {
  section: SectionEntry;
  items: Record<string, unknown>[];
  total: number;
}

export function Home(props: { ruled: string | null; shapes: Record<string, Schema> }): JSX.Element {
  const known = SECTIONS.filter((section) => props.shapes[section.schema]);
  const wanted = place.value.query.get("q") ?? "";
  return (
    <Page title={words().title} intro={words().intro} actions={<a class="button plain" href="#/settings-file">{words().file}</a>}>
      {props.ruled !== null && <Notice kind="partial" quiet>{fill(words().ruled, { file: props.ruled })}</Notice>}
      <div role="search">
        <TextField type="search" label={words().search} help={words().searchHelp} value={wanted} onInput={(q) => setQuery({ q })} maxLength={64} />
      </div>
      {wanted.trim() === "" ? <Groups known={known} /> : <Found known={known} wanted={wanted.trim()} />}
    </Page>
  );
}

function Groups(props: { known: SectionEntry[] }): JSX.Element {
  return (
    <div class="columns">
      {GROUPS.map((group) => (
        <Section key={group} title={words().groups[group]}>
          <Sections sections={props.known.filter((section) => section.group === group)} />
        </Section>
      ))}
      <Section title={words().file}>
        <p class="small">{words().fileText}</p>
        <a href="#/settings-file">{words().file}</a>
      </Section>
    </div>
  );
}

function Sections(props: { sections: SectionEntry[] }): JSX.Element {
  return (
    <ul class="sections">
      {props.sections.map((section) => (
        <li key={section.path}><a href={pageOf(section)}>{spoken(section.title)}</a><p class="small">{spoken(section.intro)}</p></li>
      ))}
    </ul>
  );
}

function Found(props: { known: SectionEntry[]; wanted: string }): JSX.Element {
  const sought = props.wanted.toLocaleLowerCase();
  const holds = (text: string) => text.toLocaleLowerCase().includes(sought);
  const sections = props.known.filter((section) => holds(spoken(section.title)) || holds(spoken(section.intro)));
  const fields = useMemo(() => props.known.flatMap((section) => Object.entries(section.fields)
    .filter(([path, words]) => holds(spoken(words.label)) || holds(spoken(words.help)) || holds(path))
    .map(([path, words]) => ({ section, path, words }))), [sought, words()]);
  const entries = useEntries(props.wanted);
  const count = sections.length + fields.length + (entries ?? []).reduce((sum, one) => sum + one.total, 0);
  return (
    <>
      <p role="status" class="small">{entries === null ? "" : fill(words().found, { count })}</p>
      {entries !== null && count === 0 && <Empty title={words().foundNothing} />}
      {(entries ?? []).length > 0 && (
        <Section title={words().entries}>
          {(entries ?? []).map(({ section, items, total }) => (
            <div key={section.path}>
              <h3>{spoken(section.title)}</h3>
              <ul class="found">
                {items.map((item) => {
                  const name = nameOf(section, item);
                  const called = [item.label, item.id ? item.name : item.description].find((text) => typeof text === "string");
                  return <li key={name}><a href={pageOf(section, name)}>{name}</a>{called ? ` ${String(called)}` : ""}</li>;
                })}
                {total > items.length && <li><a href={`${pageOf(section)}?q=${encodeURIComponent(props.wanted)}`}>{fill(words().moreEntries, { rest: total - items.length })}</a></li>}
              </ul>
            </div>
          ))}
        </Section>
      )}
      {sections.length > 0 && <Section title={words().sections}><Sections sections={sections} /></Section>}
      {fields.length > 0 && (
        <Section title={words().fields}>
          <ul class="found">
            {fields.slice(0, FIELDS_SHOWN).map(({ section, path, words: told }) => (
              <li key={`${section.path} ${path}`}>
                <a href={pageOf(section)}>{fill(words().inSection, { field: spoken(told.label), section: spoken(section.title) })}</a>
                <p class="small">{spoken(told.help)}</p>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}

/** Entries of all lists that are called so; null until they are known. */
function useEntries(wanted: string): Entries[] | null {
  const [found, setFound] = useState<Entries[] | null>(null);
  useEffect(() => {
    const end = new AbortController();
    const look = async () => {
      const listed = SECTIONS.filter((section) => section.named_by.length > 0);
      const told = await Promise.all(listed.map(async (section) => {
        const page = await get<ListPart<Record<string, unknown>>>(`/${section.path}`, { q: wanted, limit: ENTRIES_SHOWN }, end.signal);
        return { section, items: page.items, total: page.total ?? page.items.length };
      }));
      setFound(told.filter((one) => one.items.length > 0));
    };
    // What cannot be looked for is not found; the lists themselves say what is wrong.
    const timer = setTimeout(() => void look().catch(() => { if (!end.signal.aborted) setFound([]); }), PAUSE_MILLISECONDS);
    return () => {
      clearTimeout(timer);
      end.abort();
    };
  }, [wanted]);
  return found;
}
