// Where browsers may be sent back to: one line each, with what is wrong with it beside it.

import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { Problem } from "../../api";
import { TextField } from "../../components/field";
import { useFocusNext } from "../../components/focus";
import { Button } from "../../components/parts";
import { fill } from "../../language";
import { REDIRECT_URLS_MAX, wrongAt } from "./answers";
import { words } from "./texts";

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** What is wrong with a redirect URL, as far as that is seen from here; the node has the last word. */
function amiss(text: string, native: boolean): string | undefined {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return words().urlBroken;
  }
  if (text.includes("#")) return words().urlFragment;
  const isLoopback = LOOPBACK.includes(url.hostname);
  if (url.protocol === "http:" && native && isLoopback) return undefined;
  if (url.protocol !== "https:") return native ? words().urlNativePlain : words().urlPlain;
  // IDS-14: names, not addresses.
  if (!isLoopback && (/^\d+(\.\d+){3}$/.test(url.hostname) || url.hostname.startsWith("["))) return words().urlAddress;
  return undefined;
}

/** Whether nothing is wrong with any of the lines, as far as that is seen from here. */
export function isRight(urls: string[], native: boolean): boolean {
  const sent = filled(urls);
  return sent.length > 0 && new Set(sent).size === sent.length && sent.every((url) => amiss(url, native) === undefined);
}

/** The lines that are not empty, as they are sent. */
export function filled(urls: string[]): string[] {
  return urls.map((url) => url.trim()).filter((url) => url !== "");
}

export function Urls(props: {
  urls: string[]; native: boolean; tried: boolean; problem: Problem | null; onInput: (urls: string[]) => void;
}): JSX.Element {
  const { urls } = props;
  const box = useRef<HTMLFieldSetElement>(null);
  const focusNext = useFocusNext(box);
  const focus = (place: number) => focusNext(`.entry:nth-of-type(${place + 1}) input`);
  // The node counts what it was sent.
  const sent = (place: number) => filled(urls.slice(0, place)).length;
  const wrong = (url: string, place: number) => {
    if (url.trim() === "") return props.tried && filled(urls).length === 0 && place === 0 ? words().urlMissing : undefined;
    const isTwice = filled(urls.slice(0, place)).includes(url.trim());
    const seen = !props.tried ? undefined : isTwice ? words().urlTwice : amiss(url.trim(), props.native);
    return seen ?? wrongAt(props.problem, "redirect_urls", sent(place));
  };
  const whole = wrongAt(props.problem, "redirect_urls");
  return (
    <fieldset class="list" ref={box}>
      <legend>{words().urls}</legend>
      <p class="help">{words().urlsHelp}</p>
      {whole && <p class="error">{whole}</p>}
      {urls.map((url, place) => (
        // A line has no name but its place.
        <div key={place} class="entry entry-url">
          <TextField type="url" label={fill(words().url, { number: place + 1 })} value={url} maxLength={1024} error={wrong(url, place)}
            onInput={(text) => props.onInput(urls.map((it, at) => at === place ? text : it))} />
          {urls.length > 1 && (
            <Button label={fill(words().removeUrl, { number: place + 1 })} onClick={() => {
              props.onInput(urls.filter((_, at) => at !== place));
              focus(Math.max(0, place - 1));
            }}><span aria-hidden="true">✕</span></Button>
          )}
        </div>
      ))}
      {urls.length < REDIRECT_URLS_MAX && (
        <div><Button onClick={() => { props.onInput([...urls, ""]); focus(urls.length); }}><span aria-hidden="true">+</span> {words().addUrl}</Button></div>
      )}
    </fieldset>
  );
}
