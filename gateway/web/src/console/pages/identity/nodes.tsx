// The identity service on every node: its state, why it is not better, and until when its certificate is valid.

import type { JSX } from "preact";
import { Expiry } from "../../components/expiry";
import { Empty, Section, State, type PartState } from "../../../shell/components/parts";
import { Table, type Column } from "../../components/table";
import type { IdentityNode } from "./answers";
import { words } from "./texts";

const STATES: Record<IdentityNode["state"], PartState> = {
  not_configured: "off", in_service: "ok", partial_service: "partial", out_of_service: "missing",
};

export function Nodes(props: { nodes: IdentityNode[] }): JSX.Element {
  const columns: Column<IdentityNode>[] = [
    { id: "node", title: words().node, sort: (it) => it.node, cell: (it) => (
      <>{it.node}{it.publisher && <> <span class="star"><span aria-hidden="true">★</span> {words().publisher}</span></>}</>
    ) },
    { id: "host", title: words().host, sort: (it) => it.host, cell: (it) => it.host },
    { id: "state", title: words().state, sort: (it) => it.state, cell: (it) => (
      <>
        <State state={STATES[it.state] ?? "unknown"} word={words().states[it.state] ?? it.state} />
        {it.reasons.length > 0 && <ul class="reasons">{it.reasons.map((reason) => <li key={`${reason.code} ${reason.message}`}>{reason.message}</li>)}</ul>}
      </>
    ) },
    { id: "certificate", title: words().certificate, sort: (it) => it.certificate?.not_after ?? null, cell: (it) => (
      it.certificate ? <Expiry until={it.certificate.not_after} /> : words().noCertificate
    ) },
  ];
  return (
    <Section title={words().nodes} actions={<a href="#/certificates">{words().toCertificates}</a>}>
      <Table caption={words().nodes} columns={columns} rows={props.nodes} id={(it) => it.node} stacks="titled"
        empty={<Empty title={words().noNodes}><a href="#/settings/identity-settings">{words().toSettings}</a></Empty>} />
    </Section>
  );
}
