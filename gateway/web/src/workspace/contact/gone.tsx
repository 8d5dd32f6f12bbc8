// A contact that whoever asks may not read, or that is not there.

import type { JSX } from "preact";
import { Empty } from "../../shell/components/parts";
import { words } from "../texts";

export function Gone(): JSX.Element {
  return (
    <div class="page">
      <h1 class="hidden-visually">{words().product}</h1>
      <Empty title={words().gone}><p>{words().goneText}</p></Empty>
    </div>
  );
}
