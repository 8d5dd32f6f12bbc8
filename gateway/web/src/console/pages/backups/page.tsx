// Backups, what is kept for how long, the erasure of one person, and the support bundle.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ask, save, send, type Page as ListPage } from "../../../shell/api";
import { TextField } from "../../../shell/components/field";
import { Button, Dialog, Empty, Loading, Notice, Page, Section, Trouble } from "../../../shell/components/parts";
import { Table, type Column } from "../../components/table";
import { words as shared } from "../../../shell/components/texts";
import { useAction, useGet } from "../../../shell/use";
import { bytes, fill, time } from "../../../shell/language";
import { Erasure, Retention } from "./retention";
import { Restore, Verify } from "./restore";
import { words } from "./texts";

export interface Backup {
  name: string;
  at: string;
  bytes: number;
}

type Doing = { what: "verify" | "restore" | "remove"; backup: Backup } | null;
/** Making a backup of a large store takes its time. */
const MILLISECONDS_MAX = 600_000;

export default function Backups(): JSX.Element {
  const asked = useGet<ListPage<Backup>>("/backups");
  const [doing, setDoing] = useState<Doing>(null);
  const action = useAction();
  const path = (backup: Backup) => `/backups/${encodeURIComponent(backup.name)}`;
  const columns: Column<Backup>[] = [
    { id: "name", title: words().name, cell: (backup) => <code>{backup.name}</code>, sort: (backup) => backup.name },
    { id: "at", title: words().at, cell: (backup) => time(backup.at), sort: (backup) => backup.at },
    { id: "bytes", title: words().size, numeric: true, cell: (backup) => bytes(backup.bytes), sort: (backup) => backup.bytes },
    { id: "actions", title: words().actions, cell: (backup) => (
      <div class="actions">
        <Button label={fill(words().verifyNamed, backup as never)} onClick={() => setDoing({ what: "verify", backup })}>{words().verify}</Button>
        <Button label={fill(words().downloadNamed, backup as never)} busy={action.busy}
          onClick={() => void action.run(() => save(`${path(backup)}/archive`, {}, backup.name, "application/octet-stream"))}>{words().download}</Button>
        <Button label={fill(words().restoreNamed, backup as never)} onClick={() => setDoing({ what: "restore", backup })}>{words().restore}</Button>
        <Button kind="danger" label={fill(words().removeNamed, backup as never)} onClick={() => setDoing({ what: "remove", backup })}>{words().remove}</Button>
      </div>
    ) },
  ];
  const name = doing?.backup.name ?? "";
  return (
    <Page title={words().title} intro={words().intro}>
      <Trouble problem={asked.problem ?? action.problem} again={asked.again} />
      <Section title={words().backups}>
        {!asked.value && asked.busy && <Loading />}
        {asked.value && <Table caption={words().backups} columns={columns} rows={asked.value.items} id={(backup) => backup.name}
          empty={<Empty title={words().none}><p>{words().noneText}</p></Empty>} />}
        <Make again={asked.again} />
      </Section>
      <Retention />
      <div class="columns">
        <Erasure />
        <Bundle />
      </div>
      <Dialog title={fill(words().verifyTitle, { name })} open={doing?.what === "verify"} onClose={() => setDoing(null)}>
        {doing && <Verify path={path(doing.backup)} />}
        <div class="dialog-actions"><Button onClick={() => setDoing(null)}>{shared().close}</Button></div>
      </Dialog>
      <Dialog wide title={fill(words().restoreTitle, { name })} open={doing?.what === "restore"} onClose={() => setDoing(null)}>
        {doing && <Restore path={path(doing.backup)} close={() => setDoing(null)} />}
      </Dialog>
      <Dialog title={fill(words().removeSure, { name })} open={doing?.what === "remove"} onClose={() => setDoing(null)}>
        <p>{words().removeText}</p>
        <Trouble problem={action.problem} />
        <div class="dialog-actions">
          <Button onClick={() => setDoing(null)}>{shared().cancel}</Button>
          <Button kind="danger" busy={action.busy} onClick={() => void action.run(async () => {
            if (doing) await send("DELETE", path(doing.backup));
            setDoing(null);
            asked.again();
          })}>{words().remove}</Button>
        </div>
      </Dialog>
    </Page>
  );
}

function Make(props: { again: () => void }): JSX.Element {
  const [passphrase, setPassphrase] = useState("");
  const [made, setMade] = useState<string | null>(null);
  const { busy, problem, run } = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    setMade(null);
    void run(async () => {
      const body = passphrase ? { passphrase } : {};
      setMade((await send<{ name: string }>("POST", "/backups", { body, milliseconds: MILLISECONDS_MAX })).body.name);
      setPassphrase("");
      props.again();
    });
  };
  return (
    <form onSubmit={submit}>
      <p>{words().makeText}</p>
      <Trouble problem={problem} />
      <TextField label={words().passphrase} help={shared().optional} type="password" autocomplete="new-password" value={passphrase} onInput={setPassphrase} maxLength={1024} />
      <div><Button type="submit" kind="main" busy={busy}>{words().make}</Button></div>
      {made && <Notice kind="ok">{fill(words().made, { name: made })}</Notice>}
    </form>
  );
}

function Bundle(): JSX.Element {
  const { busy, problem, run } = useAction();
  return (
    <Section title={words().bundle}>
      <p>{words().bundleText}</p>
      <Trouble problem={problem} />
      <div><Button busy={busy} onClick={() => void run(async () => {
        const response = await ask("POST", "/support-bundles", { accept: "application/x-tar", milliseconds: MILLISECONDS_MAX });
        const url = URL.createObjectURL(await response.blob());
        const link = document.createElement("a");
        link.href = url;
        link.download = "jackfield-support.tar";
        link.click();
        setTimeout(() => URL.revokeObjectURL(url), 60_000);
      })}>{words().bundleNow}</Button></div>
    </Section>
  );
}
