// Certificates: which are in force and for how long, asking for one, importing one.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { save, send } from "../../../shell/api";
import { Expiry } from "../../components/expiry";
import { Button, Dialog, Empty, Facts, Loading, Notice, Page, Section, Trouble } from "../../../shell/components/parts";
import { Table, type Column } from "../../components/table";
import { words as shared } from "../../../shell/components/texts";
import { useAction, useGet } from "../../../shell/use";
import type { Certificate, Certificates, InForce } from "./answers";
import { ImportForm, RequestForm } from "./forms";
import { words } from "./texts";

export default function CertificatesPage(): JSX.Element {
  const asked = useGet<Certificates>("/certificates");
  const { busy, problem, run } = useAction();
  const [ordered, setOrdered] = useState(false);
  const told = asked.value;
  return (
    <Page title={words().title} intro={words().intro} actions={(
      <>
        {Boolean(told?.acme) && <Button busy={busy} onClick={() => void run(async () => {
          await send("POST", "/certificates/order", { milliseconds: 120_000 });
          setOrdered(true);
          asked.again();
        })}>{words().order}</Button>}
        <Button busy={busy} onClick={() => void run(() => save("/certificates/export", {}, "jackfield-certificates.pem", "application/x-pem-file"))}>{words().export}</Button>
      </>
    )}>
      <p class="small">{words().exportText}</p>
      <Trouble problem={asked.problem ?? problem} again={asked.again} />
      {ordered && <Notice kind="ok">{words().ordered}</Notice>}
      {!told && asked.busy && <Loading />}
      {told?.in_force.map((certificate) => (
        <InForceCard key={certificate.purpose} certificate={certificate} again={asked.again}
          isOpen={told.pending.some((pending) => pending.purpose === certificate.purpose)} />
      ))}
      {told?.in_force.some((certificate) => certificate.configured) && <Notice kind="partial" quiet>{words().filesRule}</Notice>}
      {told && (
        <div class="columns">
          <RequestForm again={asked.again} />
          <ImportForm again={asked.again} />
        </div>
      )}
      {told && <Trusted trusted={told.trusted} />}
    </Page>
  );
}

function InForceCard(props: { certificate: InForce; isOpen: boolean; again: () => void }): JSX.Element {
  const { certificate } = props;
  const [asking, setAsking] = useState(false);
  const { busy, problem, run } = useAction();
  const purpose = words().purposes[certificate.purpose] ?? certificate.purpose;
  return (
    <Section title={`${words().inForce}: ${purpose}`} actions={certificate.self_signed && (
      <Button onClick={() => setAsking(true)} label={`${words().renew}: ${purpose}`}>{words().renew}</Button>
    )}>
      {props.isOpen && <Notice quiet>{words().open}</Notice>}
      <Facts facts={[
        [words().subject, certificate.subject],
        [words().issuer, certificate.self_signed ? words().selfSigned : certificate.issuer],
        [words().validUntil, <Expiry until={certificate.not_after} />],
        [words().names, certificate.names.join(", ")],
        [words().key, certificate.key],
        [words().listeners, certificate.listeners.map((name) => words().purposes[name] ?? name).join(", ")],
        [words().fingerprint, <code>{certificate.sha256}</code>],
      ]} />
      <Dialog title={words().renewSure} open={asking} onClose={() => setAsking(false)}>
        <p>{words().renewText}</p>
        <Trouble problem={problem} />
        <div class="dialog-actions">
          <Button onClick={() => setAsking(false)}>{shared().cancel}</Button>
          <Button kind="danger" busy={busy} onClick={() => void run(async () => {
            await send("POST", "/certificates/renew", { body: { purpose: certificate.purpose } });
            setAsking(false);
            props.again();
          })}>{words().renew}</Button>
        </div>
      </Dialog>
    </Section>
  );
}

function Trusted(props: { trusted: Certificates["trusted"] }): JSX.Element {
  const rows = props.trusted.flatMap((entry) => entry.certificates.map((certificate) => ({ name: entry.name, certificate })));
  const columns: Column<{ name: string; certificate: Certificate }>[] = [
    { id: "name", title: words().name, cell: (row) => row.name, sort: (row) => row.name },
    { id: "subject", title: words().subject, cell: (row) => row.certificate.subject, sort: (row) => row.certificate.subject },
    { id: "until", title: words().validUntil, cell: (row) => <Expiry until={row.certificate.not_after} />, sort: (row) => row.certificate.not_after },
  ];
  return (
    <Section title={words().trusted} actions={<a href="#/settings/trust">{words().toTrust}</a>}>
      <p>{words().trustedText}</p>
      <Table caption={words().trusted} columns={columns} rows={rows} id={(row) => `${row.name} ${row.certificate.sha256}`}
        empty={<Empty title={words().noTrusted} />} />
    </Section>
  );
}
