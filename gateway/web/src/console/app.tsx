// What is shown: the sign-in, the set-up by a link, or the frame with a page in it.

import type { ComponentType, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { expired } from "../shell/api";
import { Frame } from "./frame";
import { language } from "../shell/language";
import { Boundary } from "../shell/components/boundary";
import { Button, Dialog, Empty, Loading, Page, Trouble } from "../shell/components/parts";
import { words } from "../shell/components/texts";
import { problemOf } from "../shell/use";
import type { Problem } from "../shell/api";
import { pages, type PageEntry, type PageProps } from "./pages";
import { place, SET_UP } from "../shell/router";
import { has, look, session } from "../shell/session";
import { SignIn, SignInForm } from "../shell/sign_in/page";
import { RefusedBeside, refusalOf, SIGNED_IN, SIGNED_OUT, SignedInBeside } from "../shell/sign_in/single";
import { SetUp } from "../shell/sign_in/set_up";
import { words as signInWords } from "../shell/sign_in/texts";

/** The secret of a set-up link: it stands behind `#`, which is sent to nobody. */
function setUpSecret(): string | null {
  const found = SET_UP.exec(location.hash);
  if (!found) return null;
  // It stays neither in the address bar nor in the history.
  history.replaceState(null, "", "#/");
  return found[1] ?? null;
}
const secret = setUpSecret();

export function App(): JSX.Element {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [settingUp, setSettingUp] = useState(secret);
  const begin = () => {
    setProblem(null);
    look().catch((error: unknown) => setProblem(problemOf(error)));
  };
  useEffect(begin, []);
  useEffect(() => {
    document.documentElement.lang = language.value;
  }, [language.value]);
  if (settingUp !== null) return <SetUp secret={settingUp} done={() => setSettingUp(null)} />;
  if (problem) return <main class="alone"><Trouble problem={problem} again={begin} /></main>;
  if (session.value === undefined) return <main class="alone"><Loading /></main>;
  if (session.value === null) return <SignIn />;
  const { parts: [first], query } = place.value;
  const refusal = first === SIGNED_OUT ? refusalOf(query) : null;
  if (refusal) return <RefusedBeside refusal={refusal} who={session.value.who} />;
  if (first === SIGNED_IN) return <SignedInBeside who={session.value.who} />;
  return (
    <Frame>
      <Boundary key={place.value.parts.join("/")}><Shown /></Boundary>
      <Dialog open={expired.value} title={signInWords().over} onClose={() => { if (expired.value) location.reload(); }}>
        <p>{signInWords().overText}</p>
        <SignInForm account={session.value.who} />
      </Dialog>
    </Frame>
  );
}

/** The page of this place: the one whose path is the longest beginning of it. */
function pageOf(parts: string[]): [PageEntry, string[]] | null {
  const [first = "", ...rest] = parts;
  const mine = pages.filter((page) => page.roles.some(has));
  // Agents and programs that report have no overview: they begin with the first page of theirs.
  const entry = first === "" && rest.length === 0 ? mine.find((page) => page.path === "") ?? mine[0] : mine.find((page) => page.path === first);
  if (entry && (first !== "" || rest.length === 0)) return [entry, rest];
  return null;
}

/** Pages that were loaded. */
const loaded = new Map<string, ComponentType<PageProps>>();

function Shown(): JSX.Element {
  const found = pageOf(place.value.parts);
  const path = found?.[0].path;
  const [, setRound] = useState(0);
  const [problem, setProblem] = useState<Problem | null>(null);
  const load = () => {
    if (!found || loaded.has(found[0].path)) return;
    setProblem(null);
    found[0].load().then(
      (page) => {
        loaded.set(found[0].path, page.default);
        setRound((round) => round + 1);
      },
      (error: unknown) => setProblem(problemOf(error)),
    );
  };
  useEffect(load, [path]);
  if (!found) {
    return (
      <Page title={words().notFound}>
        <Empty title={words().notFoundText}><a href="#/">{words().toOverview}</a></Empty>
      </Page>
    );
  }
  const Shown = loaded.get(found[0].path);
  if (problem) {
    // After an upgrade the files of the old console are gone: the new page has their new names.
    return (
      <Page title={found[0].title()}>
        <Trouble problem={problem} />
        <Button onClick={() => location.reload()}>{words().again}</Button>
      </Page>
    );
  }
  return Shown ? <Shown key={place.value.parts.join("/")} rest={found[1]} /> : <Loading />;
}
