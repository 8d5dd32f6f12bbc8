// Single sign-on: whether it is on, how its nodes do, the trust with the identity provider, who takes part, keys.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Loading, Page, Trouble } from "../../../shell/components/parts";
import { useGet } from "../../../shell/use";
import type { Identity } from "./answers";
import { Keys } from "./keys";
import { Mode } from "./mode";
import { Nodes } from "./nodes";
import { TakingPart } from "./taking_part";
import { words } from "./texts";
import { useTrial } from "./trial";
import { AddProvider, Ourselves, ProviderCard } from "./trust";

const ASKED_SECONDS = 15;
/** While somebody signs on in the tab of a test. */
const ASKED_WAITING_SECONDS = 2;

export default function IdentityPage(): JSX.Element {
  const [seconds, setSeconds] = useState(ASKED_SECONDS);
  const asked = useGet<Identity>("/identity", {}, seconds);
  const identity = asked.value;
  const trial = useTrial(identity);
  const wanted = trial.waiting ? ASKED_WAITING_SECONDS : ASKED_SECONDS;
  if (wanted !== seconds) setSeconds(wanted);
  return (
    <Page title={words().title} intro={words().intro} actions={(
      <span class="links"><a href="#/settings/identity-settings">{words().toSettings}</a><a href="#/oauth-clients">{words().toApplications}</a></span>
    )}>
      <Trouble problem={asked.problem} again={asked.again} />
      {!identity && asked.busy && <Loading />}
      {identity && (
        <>
          <Mode identity={identity} again={asked.again} />
          <Nodes nodes={identity.nodes} />
          <Ourselves identity={identity} />
          {identity.providers.map((provider) => (
            <ProviderCard key={provider.name} provider={provider} trial={trial} again={asked.again} isOn={identity.mode === "on"} />
          ))}
          <AddProvider again={asked.again} names={identity.providers.map((it) => it.name)} />
          <TakingPart identity={identity} trial={trial} />
          <Keys keys={identity.keys} again={asked.again} />
        </>
      )}
    </Page>
  );
}
