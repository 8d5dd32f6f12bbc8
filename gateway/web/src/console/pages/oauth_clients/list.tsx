// All applications that get tokens, searched by name, id and URL.

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { TextField } from "../../../shell/components/field";
import { Button, Empty, Loading, Page, State, Trouble } from "../../../shell/components/parts";
import { LongTable, Table, type Column } from "../../components/table";
import { words as shared } from "../../../shell/components/texts";
import { useAll } from "../../components/pages_of";
import { fill, number } from "../../../shell/language";
import { place, setQuery, to } from "../../../shell/router";
import type { OauthClient } from "./answers";
import { words } from "./texts";

/** From so many on only those that are seen are drawn. */
const LONG_FROM = 50;

export function ListPage(): JSX.Element {
  const asked = useAll<OauthClient>("/oauth-clients");
  const wanted = place.value.query.get("q") ?? "";
  const found = useMemo(() => {
    const sought = wanted.trim().toLocaleLowerCase();
    return asked.items.filter((client) => [client.name, client.client_id, ...client.redirect_urls].some((text) => text.toLocaleLowerCase().includes(sought)));
  }, [asked.items, wanted]);
  const isLong = found.length >= LONG_FROM;
  const columns: Column<OauthClient>[] = [
    { id: "name", title: words().name, width: 2, sort: (it) => it.name, cell: (it) => <a href={to("oauth-clients", it.client_id)}>{it.name}</a> },
    { id: "id", title: words().clientId, width: 3, sort: (it) => it.client_id, cell: (it) => <code>{it.client_id}</code> },
    { id: "urls", title: words().urls, width: 3, cell: (it) => isLong ? it.redirect_urls.join(", ") : <ul class="wrap">{it.redirect_urls.map((url) => <li key={url}>{url}</li>)}</ul> },
    { id: "kind", title: words().kind, width: 1.5, sort: (it) => words().kindNames[it.kind] ?? it.kind, cell: (it) => words().kindNames[it.kind] ?? it.kind },
    { id: "state", title: shared().state, width: 1, cell: (it) => it.disabled ? <State state="off" word={words().disabled} /> : <State state="ok" word={words().enabled} /> },
  ];
  const add = <a class="button main" href="#/oauth-clients/new">{words().add}</a>;
  const table = {
    caption: words().title, columns, rows: found, id: (it: OauthClient) => it.client_id, first: { column: "name", down: false },
    empty: asked.items.length === 0
      ? <Empty title={words().none}><p>{words().noneText}</p>{add}</Empty>
      : <Empty title={words().noMatch}><Button onClick={() => setQuery({ q: null })}>{shared().clear}</Button></Empty>,
  };
  return (
    <Page title={words().title} intro={words().intro} actions={asked.items.length > 0 && <>{add}<a href="#/identity">{words().toSingleSignOn}</a></>}>
      <Trouble problem={asked.problem} again={asked.again} />
      {asked.items.length > 0 && (
        <div class="filters wide" role="search">
          <TextField type="search" label={words().search} value={wanted} onInput={(q) => setQuery({ q })} />
          <p class="small" role="status">{wanted === "" ? "" : fill(shared().shown, { shown: number(found.length), total: number(asked.items.length) })}</p>
        </div>
      )}
      {!asked.whole && asked.items.length === 0 && !asked.problem && <Loading />}
      {(asked.whole || asked.items.length > 0) && (isLong ? <LongTable {...table} leastRem={60} /> : <div class="card"><Table {...table} stacks="titled" /></div>)}
    </Page>
  );
}
