// The frame around every page: where one can go, who one is, and whether the node answers.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { reachable } from "../shell/api";
import { Button } from "../shell/components/parts";
import { words } from "../shell/components/texts";
import { fill } from "../shell/language";
import { stream } from "./live";
import { groups, pages, type Group } from "./pages";
import { place } from "../shell/router";
import { has, session, signOut } from "../shell/session";
import { Mark, Preferences } from "../shell/preferences";

export function Frame(props: { children: ComponentChildren }): JSX.Element {
  const [open, setOpen] = useState(false);
  const here = place.value.parts[0] ?? "";
  useEffect(() => setOpen(false), [place.value]);
  useEffect(() => {
    const close = (event: KeyboardEvent) => { if (event.key === "Escape") setOpen(false); };
    addEventListener("keydown", close);
    return () => removeEventListener("keydown", close);
  }, []);
  return (
    <div class="frame">
      <a class="skip" href="#content" onClick={(event) => {
        // The address behind # is the page's own.
        event.preventDefault();
        document.getElementById("content")?.focus();
      }}>{words().skip}</a>
      <header class={open ? "top open" : "top"}>
        <button type="button" class="menu-button" aria-expanded={open} aria-controls="pages" onClick={() => setOpen(!open)}>
          <span aria-hidden="true">☰</span> {words().menu}
        </button>
        <a class="brand" href="#/"><Mark />{words().product}</a>
        <Own />
      </header>
      <div class="body">
        <nav id="pages" class={open ? "open" : ""} aria-label={words().navigation}>
          {(["first", "work", "settings", "system", "own"] as Group[]).map((group) => {
            const shown = pages.filter((page) => page.group === group && !page.hidden && page.roles.some(has));
            if (shown.length === 0) return null;
            return (
              <div key={group} class="nav-group">
                {groups()[group] && <p class="nav-title" id={`group-${group}`}>{groups()[group]}</p>}
                <ul aria-labelledby={groups()[group] ? `group-${group}` : undefined}>
                  {shown.map((page) => (
                    <li key={page.path}>
                      <a href={`#/${page.path}`} aria-current={page.path === here ? "page" : undefined}>{page.title()}</a>
                    </li>
                  ))}
                </ul>
              </div>
            );
          })}
        </nav>
        <main id="content" tabIndex={-1}>
          <Connection />
          {props.children}
        </main>
      </div>
    </div>
  );
}

function Own(): JSX.Element {
  return (
    <div class="own">
      <span class="who">{fill(words().signedInAs, { who: session.value?.who ?? "" })}</span>
      <Preferences />
      <Button onClick={() => void signOut()}>{words().signOut}</Button>
    </div>
  );
}

/** Says when what is shown may be old. */
function Connection(): JSX.Element {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => setOnline(navigator.onLine);
    addEventListener("online", look);
    addEventListener("offline", look);
    return () => {
      removeEventListener("online", look);
      removeEventListener("offline", look);
    };
  }, []);
  const text = !online ? words().offline : !reachable.value ? words().lost : stream.value === "lost" ? words().streamLost : "";
  return <div role="status" class={text ? "notice notice-partial connection" : "hidden-visually"}>{text}</div>;
}
