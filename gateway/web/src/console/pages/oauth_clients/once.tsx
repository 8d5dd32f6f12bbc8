// The id and the secret of an application, as they are shown once.

import type { JSX } from "preact";
import { Copyable, Facts, Notice } from "../../../shell/components/parts";
import type { Made } from "./answers";
import { words } from "./texts";

export function Once(props: { made: Made }): JSX.Element {
  const { client_id: id, secret } = props.made;
  return (
    <>
      {secret !== null && <Notice kind="partial">{words().onceText}</Notice>}
      <Facts facts={[
        [words().clientId, <Copyable text={id} label={words().clientId} />],
        [words().secret, secret === null ? words().noSecret : <Copyable text={secret} label={words().secret} />],
      ]} />
    </>
  );
}
