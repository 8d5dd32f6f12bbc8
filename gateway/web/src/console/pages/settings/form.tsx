// The form of one document: new, a copy, or one that is there.
//
//   reading -> shown -> saving -> saved
//                ^         |-> faults at their fields
//                `-merged--'-> changed by somebody else: theirs beside mine
//
// Nothing typed is lost by a problem, an expired session, or a change of somebody else.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Problem } from "../../../shell/api";
import { Button, Loading, Notice, Page, Section, Trouble } from "../../../shell/components/parts";
import { words as shared } from "../../../shell/components/texts";
import { problemOf, useAction } from "../../../shell/use";
import { fill } from "../../../shell/language";
import { go, guard } from "../../../shell/router";
import { check, type Faults } from "./check";
import { Conflict } from "./conflict";
import { DeleteDialog } from "./delete_dialog";
import { copyOf, faultsOf, read, write, type Changed, type Read } from "./document";
import { MailTest, testedAs } from "./mail_test";
import { QueueAgents } from "./queue_agents";
import { MailsAside } from "./mails_aside";
import { FormContext, Members, type FormFacts } from "./field_input";
import { cleanedDocument, members, same, type Doc, type Schema } from "./schema";
import { fieldWords, inOrder, nameOf, pageOf, resource, spoken, titleOf, type SectionEntry } from "./sections";
import { words } from "./texts";

/** What a form begins with. */
interface Begin {
  /** What is there now; nothing for a new document. */
  base: Read | null;
  draft: Doc;
}

export function FormPage(props: {
  section: SectionEntry; schema: Schema; name: string | null; from: string | null; ruled: string | null;
}): JSX.Element {
  const { section, schema, name, from } = props;
  const [begin, setBegin] = useState<Begin | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const load = () => {
    setProblem(null);
    const source = name ?? from;
    if (source === null) {
      setBegin({ base: null, draft: { ...section.prefilled } });
      return;
    }
    read(section, source).then(
      (got) => setBegin(name === null ? { base: null, draft: copyOf(got.document, section, schema) } : { base: got, draft: got.document }),
      (error: unknown) => setProblem(problemOf(error)),
    );
  };
  useEffect(load, [section.path, name, from]);
  const single = section.named_by.length === 0;
  const title = single ? spoken(section.title) : name !== null ? (begin?.base ? titleOf(section, begin.base.document) : name) : from !== null ? fill(words().copyTitle, { name: from }) : fill(words().newTitle, { one: spoken(section.one) });
  return (
    <Page title={title} intro={spoken(section.intro)} actions={<a href={single ? "#/settings" : pageOf(section)}>{fill(words().backTo, { section: single ? words().title : spoken(section.title) })}</a>}>
      {props.ruled !== null && <Notice kind="partial" quiet>{fill(words().ruled, { file: props.ruled })}</Notice>}
      <Trouble problem={problem} again={load} />
      {!begin && !problem && <Loading />}
      {begin && <Form {...props} begin={begin} />}
    </Page>
  );
}

function Form(props: { section: SectionEntry; schema: Schema; name: string | null; ruled: string | null; begin: Begin }): JSX.Element {
  const { section, schema, name } = props;
  const [base, setBase] = useState(props.begin.base);
  const [draft, setDraft] = useState<Doc>(props.begin.draft);
  const [faults, setFaults] = useState<Faults>(new Map());
  const [theirs, setTheirs] = useState<Read | null>(null);
  const [note, setNote] = useState<{ kind: "ok" | "partial"; text: string; warnings?: Changed["warnings"] } | null>(null);
  const [deleting, setDeleting] = useState(false);
  const action = useAction();
  const id = useId();
  const cleanBase = useMemo(() => cleanedDocument(base?.document ?? {}, schema), [base, schema]);
  const clean = useMemo(() => cleanedDocument(draft, schema), [draft, schema]);
  const dirty = name === null ? !same(clean, cleanedDocument(props.begin.draft, schema)) : !same(clean, cleanBase);
  /** Whether nothing is left to save, though the form still shows it. */
  const settled = useRef(false);
  // As soon as it is drawn: whoever leaves at once is asked what the form says then, neither more nor less.
  useLayoutEffect(() => {
    if (!dirty) return undefined;
    return guard(() => settled.current || confirm(shared().unsaved));
  }, [dirty]);
  const disabled = props.ruled !== null;

  /** Shows what somebody else made of it. */
  const compare = async () => {
    try {
      setTheirs(await read(section, name ?? ""));
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
      setBase({ document: {}, tag: "new" });
      setNote({ kind: "partial", text: words().conflict.gone });
    }
  };
  const save = () => action.run(async () => {
    setNote(null);
    const wrong = check(clean, schema, name === null ? section.named_by : []);
    setFaults(wrong);
    if (wrong.size > 0) return;
    const target = name ?? nameOf(section, clean);
    try {
      const changed = await write(section, target, clean, name === null ? "new" : base?.tag ?? null);
      if (name === null) {
        settled.current = true;
        go(pageOf(section, target));
        return;
      }
      const now = await read(section, target);
      setBase(now);
      setDraft(now.document);
      setNote({ kind: changed.warnings.length > 0 ? "partial" : "ok", text: changed.changed ? words().saved : words().savedSame, warnings: changed.warnings });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (name === null && error.code === "precondition_failed") {
        setFaults(new Map(section.named_by.map((member) => [`/${member}`, [words().there]])));
      } else if (error.code === "precondition_failed" || error.code === "settings_moved") await compare();
      else {
        setFaults(faultsOf(error));
        if (error.errors.length === 0) throw error;
      }
    }
  });
  const tested = testedAs(section, draft);
  const test = {
    target: () => {
      const wrong = check(clean, schema, name === null ? section.named_by : []);
      setFaults(wrong);
      return wrong.size > 0 ? null : name ?? nameOf(section, clean);
    },
    onFaults: (problem: Problem) => setFaults(faultsOf(problem)),
  };
  const facts: FormFacts = { section, faults, disabled, settled: name === null ? [] : section.named_by, id };
  const all = inOrder(section, "", members(schema));
  const essential = section.essential?.filter((member) => all.includes(member)) ?? all;
  const rest = all.filter((member) => !essential.includes(member));
  const restWrong = [...faults.keys()].some((pointer) => rest.includes(pointer.split("/")[1] ?? ""));
  const group = (names: string[]) => <Members path="" pointer="" schema={schema} value={draft} names={names} onInput={setDraft} />;
  return (
    <FormContext.Provider value={facts}>
      <form class="document" noValidate onSubmit={(event) => { event.preventDefault(); void save(); }}>
        <Summary faults={faults} section={section} id={id} />
        <Trouble problem={action.problem} />
        {note && (
          <Notice kind={note.kind}>
            <p>{note.text}</p>
            {note.warnings && note.warnings.length > 0 && <><p>{words().warnings}</p><ul>{note.warnings.map((it) => <li key={it.key}><code>{it.key}</code> {it.message}</li>)}</ul></>}
          </Notice>
        )}
        {rest.length === 0
          ? <div class="card">{group(essential)}</div>
          : <>
              <Section title={words().essential}>{group(essential)}</Section>
              <More open={restWrong}>{group(rest)}</More>
            </>}
        {!disabled && (
          <div class="form-foot">
            <Button type="submit" kind="main" busy={action.busy}>{words().save}</Button>
            {dirty && name !== null && <Button onClick={() => { setDraft(base?.document ?? {}); setFaults(new Map()); action.clear(); }}>{words().discard}</Button>}
            <span role="status" class="small">{dirty ? words().unsaved : ""}</span>
            {name !== null && section.named_by.length > 0 && (
              <span class="rest">
                <a class="button plain" href={`${pageOf(section)}?copy=${encodeURIComponent(name)}`}>{words().copy}</a>
                <Button kind="danger" onClick={() => setDeleting(true)}>{shared().delete}</Button>
              </span>
            )}
          </div>
        )}
      </form>
      {tested && <MailTest {...test} what={tested} unsaved={dirty || name === null ? clean : null} />}
      {section.path === "csqs" && name !== null && <QueueAgents name={name} />}
      {section.path === "csqs" && name !== null && base?.document["channel"] === "email" && <MailsAside name={name} />}
      {theirs && (
        <Conflict section={section} schema={schema} base={cleanBase} mine={clean} theirs={cleanedDocument(theirs.document, schema)} onClose={() => setTheirs(null)}
          onMerged={(merged) => { setDraft(merged); setBase(theirs); setTheirs(null); }} />
      )}
      {name !== null && (
        <DeleteDialog section={section} name={deleting ? name : null} onClose={() => setDeleting(false)}
          onDeleted={() => { settled.current = true; go(pageOf(section)); }} />
      )}
    </FormContext.Provider>
  );
}

/** What is wrong, each a way to its field; read out and focused when it appears. */
function Summary(props: { faults: Faults; section: SectionEntry; id: string }): JSX.Element | null {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (props.faults.size > 0) box.current?.focus();
  }, [props.faults]);
  if (props.faults.size === 0) return null;
  return (
    <div class="notice notice-missing" role="alert" tabIndex={-1} ref={box}>
      <p>{words().wrongTitle}</p>
      <ul>
        {[...props.faults].map(([pointer, messages]) => (
          <li key={pointer}>
            <button type="button" class="link" onClick={() => reveal(props.id, pointer)}>{pointerLabel(props.section, pointer)}</button> {messages.join(" ")}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Goes to the field of a pointer, or to the nearest around it. */
function reveal(id: string, pointer: string): void {
  for (let place = pointer; place !== ""; place = place.slice(0, place.lastIndexOf("/"))) {
    const field = document.getElementById(`${id}${place}`);
    if (!field) continue;
    const folded = field.closest("details");
    if (folded) folded.open = true;
    field.focus();
    field.scrollIntoView({ block: "center" });
    return;
  }
}

function pointerLabel(section: SectionEntry, pointer: string): string {
  const parts = pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const labels: string[] = [];
  let path = "";
  for (const part of parts) {
    const next = path === "" ? part : `${path}.${part}`;
    if (section.fields[next]) {
      path = next;
      labels.push(spoken(fieldWords(section, path).label));
    } else labels.push(/^\d+$/.test(part) ? String(Number(part) + 1) : part);
  }
  return labels.join(" › ") || resource(section, "");
}

function More(props: { open: boolean; children: ComponentChildren }): JSX.Element {
  const box = useRef<HTMLDetailsElement>(null);
  useLayoutEffect(() => {
    if (props.open && box.current) box.current.open = true;
  }, [props.open]);
  return (
    <details class="card more" ref={box}>
      <summary><h2>{words().more}</h2></summary>
      <div class="more-fields">{props.children}</div>
    </details>
  );
}
