// What the buttons and keys of the editor do.

import { baseKeymap, chainCommands, exitCode, toggleMark } from "prosemirror-commands";
import { redo, undo } from "prosemirror-history";
import type { MarkType, NodeType, Slice } from "prosemirror-model";
import { liftListItem, sinkListItem, splitListItem, wrapInList } from "prosemirror-schema-list";
import { type Command, type EditorState, TextSelection } from "prosemirror-state";
import { INDENTS_MAX, schema } from "./schema";

const node = (name: string) => schema.nodes[name] as NodeType;
const mark = (name: string) => schema.marks[name] as MarkType;

export type Style = "strong" | "em" | "underline";
export const styles: Record<Style, Command> = { strong: toggleMark(mark("strong")), em: toggleMark(mark("em")), underline: toggleMark(mark("underline")) };

/** Whether what is selected, or what is written next, has that style. */
export function hasStyle(state: EditorState, style: Style | "link"): boolean {
  const { from, to, empty, $from } = state.selection;
  const type = mark(style);
  return empty ? Boolean(type.isInSet(state.storedMarks ?? $from.marks())) : state.doc.rangeHasMark(from, to, type);
}

/** The list around the cursor. */
function listAround(state: EditorState): string | null {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    const name = $from.node(depth).type.name;
    if (name === "bullet_list" || name === "ordered_list") return name;
  }
  return null;
}
export function isInList(state: EditorState, list: string): boolean {
  return listAround(state) === list;
}

/** Makes a list, makes it the other one, or ends it. */
export function toggleList(list: "bullet_list" | "ordered_list"): Command {
  return (state, dispatch, view) => {
    const around = listAround(state);
    if (around === list) return liftListItem(node("list_item"))(state, dispatch, view);
    if (around === null) return wrapInList(node(list))(state, dispatch, view);
    const { $from } = state.selection;
    for (let depth = $from.depth; depth > 0; depth -= 1) {
      if ($from.node(depth).type.name === around) {
        dispatch?.(state.tr.setNodeMarkup($from.before(depth), node(list)));
        return true;
      }
    }
    return false;
  };
}

/** Changes the paragraphs that are selected. */
function ofParagraphs(change: (attributes: { align: string | null; indent: number }) => { align: string | null; indent: number }): Command {
  return (state, dispatch) => {
    const { tr } = state;
    state.doc.nodesBetween(state.selection.from, state.selection.to, (one, place) => {
      if (one.type !== node("paragraph")) return;
      const before = one.attrs as { align: string | null; indent: number };
      tr.setNodeMarkup(place, null, change(before));
    });
    if (!tr.docChanged) return false;
    dispatch?.(tr.scrollIntoView());
    return true;
  };
}

export function align(where: string | null): Command {
  return ofParagraphs((before) => ({ ...before, align: where }));
}
export function alignment(state: EditorState): string | null {
  const { parent } = state.selection.$from;
  return (parent.attrs["align"] as string | null | undefined) ?? null;
}

export const indent: Command = chainCommands(sinkListItem(node("list_item")), (state, dispatch, view) => (
  listAround(state) ? false : ofParagraphs((before) => ({ ...before, indent: Math.min(INDENTS_MAX, before.indent + 1) }))(state, dispatch, view)));
export const outdent: Command = (state, dispatch, view) => (listAround(state)
  ? liftListItem(node("list_item"))(state, dispatch, view)
  : ofParagraphs((before) => ({ ...before, indent: Math.max(0, before.indent - 1) }))(state, dispatch, view));

/** The link around the cursor or in what is selected. */
export function linkAt(state: EditorState): string {
  const { $from, from, to, empty } = state.selection;
  let href = "";
  const look = (one: { attrs: Record<string, unknown> } | undefined) => { if (one) href = String(one.attrs["href"]); };
  if (empty) look(mark("link").isInSet($from.marks()));
  else state.doc.nodesBetween(from, to, (one) => look(mark("link").isInSet(one.marks)));
  return href;
}

/** Makes what is selected a link; where nothing is, its text is put in. An empty address takes the link away. */
export function link(href: string, text: string): Command {
  return (state, dispatch) => {
    const { from, to, empty } = state.selection;
    const type = mark("link");
    const { tr } = state;
    if (href === "") tr.removeMark(from, to, type);
    else if (empty) tr.replaceSelectionWith(schema.text(text || href, [type.create({ href })]), false);
    else tr.removeMark(from, to, type).addMark(from, to, type.create({ href }));
    dispatch?.(tr.scrollIntoView());
    return true;
  };
}

export function picture(src: string, alt: string): Command {
  return (state, dispatch) => {
    dispatch?.(state.tr.replaceSelectionWith(node("image").create({ src, alt })).scrollIntoView());
    return true;
  };
}

/** All of the text as what lies between its ends: lists and alignment ask where it begins. */
const selectAll: Command = (state, dispatch) => {
  dispatch?.(state.tr.setSelection(TextSelection.between(state.doc.resolve(0), state.doc.resolve(state.doc.content.size))));
  return true;
};

/** Puts in what was pasted. Into an empty line, whole paragraphs come as they are; else they join what is there. */
export function paste(slice: Slice): Command {
  return (state, dispatch) => {
    const { $from, empty } = state.selection;
    const { tr } = state;
    const isWhole = empty && $from.depth === 1 && $from.parent.content.size === 0 && slice.content.childCount > 1 && slice.content.firstChild?.isBlock;
    if (isWhole) {
      tr.replaceWith($from.before(), $from.after(), slice.content);
      tr.setSelection(TextSelection.near(tr.doc.resolve($from.before() + slice.content.size), -1));
    } else tr.replaceSelection(slice);
    dispatch?.(tr.scrollIntoView());
    return true;
  };
}

/** Leaves the text, so that single keys act again. */
const leave: Command = (_, __, view) => {
  view?.dom.blur();
  return true;
};

const lineBreak: Command = chainCommands(exitCode, (state, dispatch) => {
  dispatch?.(state.tr.replaceSelectionWith(node("hard_break").create()).scrollIntoView());
  return true;
});

/** The keys within the text. Tab moves on to the next field, as in every form; indent has keys of its own. */
export const keys: Record<string, Command> = {
  ...baseKeymap,
  "Mod-z": undo, "Mod-y": redo, "Mod-Shift-z": redo,
  "Mod-b": styles.strong, "Mod-i": styles.em, "Mod-u": styles.underline,
  "Mod-]": indent, "Mod-[": outdent, "Mod-Shift-7": toggleList("ordered_list"), "Mod-Shift-8": toggleList("bullet_list"),
  "Shift-Enter": lineBreak, "Mod-a": selectAll, Escape: leave,
  Enter: chainCommands(splitListItem(node("list_item")), baseKeymap["Enter"] as Command),
};
