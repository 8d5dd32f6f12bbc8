// What is shown: the sign-in of the console, the choice of how to work, or the frame with a view in it.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { expired, type Problem } from "../shell/api";
import { Boundary } from "../shell/components/boundary";
import { Dialog, Loading, Trouble } from "../shell/components/parts";
import { language } from "../shell/language";
import { place } from "../shell/router";
import { look, session } from "../shell/session";
import { SignIn, SignInForm } from "../shell/sign_in/page";
import { RefusedBeside, refusalOf, SIGNED_IN, SIGNED_OUT, SignedInBeside } from "../shell/sign_in/single";
import { words as signInWords } from "../shell/sign_in/texts";
import { problemOf } from "../shell/use";
import { standForFirst } from "./alone";
import { ContactPage } from "./contact/page";
import { StartWork } from "./desk";
import { Find } from "./find";
import { Frame } from "./frame";
import { begin, desk, me, resync, stream } from "./state";
import { TeamPage } from "./team/page";

standForFirst();

export function App(): JSX.Element {
  const [problem, setProblem] = useState<Problem | null>(null);
  const first = () => {
    setProblem(null);
    look().catch((error: unknown) => setProblem(problemOf(error)));
  };
  useEffect(first, []);
  useEffect(() => { document.documentElement.lang = language.value; }, [language.value]);
  if (problem) return <main class="alone"><Trouble problem={problem} again={first} /></main>;
  if (session.value === undefined) return <main class="alone"><Loading /></main>;
  if (session.value === null) return <SignIn />;
  const { parts: [here], query } = place.value;
  const refusal = here === SIGNED_OUT ? refusalOf(query) : null;
  if (refusal) return <RefusedBeside refusal={refusal} who={session.value.who} />;
  if (here === SIGNED_IN) return <SignedInBeside who={session.value.who} />;
  return (
    <>
      <Work />
      <Dialog open={expired.value} title={signInWords().over} onClose={() => { if (expired.value) location.reload(); }}>
        <p>{signInWords().overText}</p>
        <SignInForm account={session.value.who} />
      </Dialog>
    </>
  );
}

/** What whoever leads may look at before, or without, working themselves. */
const WITHOUT_WORK: ReadonlySet<string> = new Set(["team", "contacts", "search"]);

/** Everything after the sign-in. */
function Work(): JSX.Element {
  const [problem, setProblem] = useState<Problem | null>(null);
  const first = () => {
    setProblem(null);
    resync().then(() => {
      if (me.value?.desk || me.value?.can_supervise) begin();
    }, (error: unknown) => setProblem(problemOf(error)));
  };
  useEffect(first, []);
  // Whoever begins work later has the stream from then on.
  useEffect(() => { if (desk.value && stream.value === "off") begin(); }, [desk.value]);
  if (!me.value) return <main class="alone">{problem ? <Trouble problem={problem} again={first} /> : <Loading />}</main>;
  const isAgent = me.value.agent !== null;
  if (isAgent && desk.value === null && !(me.value.can_supervise && WITHOUT_WORK.has(place.value.parts[0] ?? ""))) return <StartWork />;
  // A view that breaks leaves the others, and what is in hand, where they are.
  return <Frame><Boundary key={place.value.parts.join("/")}><View /></Boundary></Frame>;
}

function View(): JSX.Element {
  const { parts: [view, id] } = place.value;
  if (view === "team" && me.value?.can_supervise) return <TeamPage />;
  if (view === "search") return <Find />;
  if (me.value?.agent === null && !(view === "contacts" && id)) return <TeamPage />;
  return <ContactPage key={view === "contacts" ? id : ""} id={view === "contacts" ? id ?? null : null} />;
}
