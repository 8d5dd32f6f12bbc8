// Asks before a document is deleted, and says who names it where that forbids it.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Problem } from "../../../shell/api";
import { Button, Dialog, Trouble } from "../../../shell/components/parts";
import { words as shared } from "../../../shell/components/texts";
import { useAction } from "../../../shell/use";
import { fill } from "../../../shell/language";
import { namers, remove, type Namer } from "./document";
import { fieldWords, spoken, type SectionEntry } from "./sections";
import { words } from "./texts";

/** So many who name it are listed. */
const NAMERS_SHOWN = 50;

export function DeleteDialog(props: {
  section: SectionEntry;
  /** What to delete; nothing closes the dialog. */
  name: string | null;
  onClose: () => void; onDeleted: () => void;
}): JSX.Element {
  const action = useAction();
  const [found, setFound] = useState<Namer[] | null>(null);
  useEffect(() => {
    setFound(null);
    action.clear();
  }, [props.name]);
  const name = props.name ?? "";
  const doIt = () => void action.run(async () => {
    try {
      await remove(props.section, name);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "in_use") throw error;
      setFound(await namers(error));
      return;
    }
    props.onDeleted();
  });
  return (
    <Dialog open={props.name !== null} title={fill(words().deleteTitle, { name })} onClose={props.onClose}>
      {found === null
        ? <>
            <p>{fill(words().deleteText, { name })}{props.section.path === "agents" && ` ${fill(words().deleteAgent, { name })}`}{props.section.path === "csqs" && ` ${words().deleteCsq}`}</p>
            <Trouble problem={action.problem} />
          </>
        : <div role="alert">
            <p>{fill(words().inUse, { name })}</p>
            <ul class="namers">
              {found.slice(0, NAMERS_SHOWN).map((one) => (
                <li key={`${one.page} ${one.field}`}>
                  <a href={one.page}>{fill(words().inUseAt, {
                    section: spoken(one.section.title), name: one.name || "–",
                    field: spoken(fieldWords(one.section, one.field.replace(/\/\d+/g, "").replaceAll("/", ".")).label),
                  })}</a>
                </li>
              ))}
            </ul>
            {found.length > NAMERS_SHOWN && <p>{fill(words().moreEntries, { rest: found.length - NAMERS_SHOWN })}</p>}
          </div>}
      <div class="dialog-actions">
        <Button onClick={props.onClose}>{found === null ? shared().cancel : shared().close}</Button>
        {found === null && <Button kind="danger" busy={action.busy} onClick={doIt}>{shared().delete}</Button>}
      </div>
    </Dialog>
  );
}
