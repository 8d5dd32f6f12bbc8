// What an answer can consist of, and how it is written as HTML.
//
// Paragraphs with alignment and indent, both lists, pictures, breaks; bold, italic, underlined, links. Alignment
// and indent are the only styles: `text-align` and `margin-left` of a paragraph. A picture that was uploaded is
// `<img src="files/ID">`, whichever page shows it; other pictures have an address of the web.

import { DOMParser, DOMSerializer, Fragment, type Mark, type Node, Schema, Slice } from "prosemirror-model";
import { parse } from "./html";

export const INDENT_PIXELS = 40;
export const INDENTS_MAX = 8;
const ALIGNMENTS = ["center", "right"];

/** Where a link may lead. */
export function isLink(address: string): boolean {
  return /^(https?:\/\/|mailto:|tel:)[^\s]+$/i.test(address) && address.length <= 2_000;
}
/** Where a picture may come from. */
export function isPicture(address: string): boolean {
  return (/^https?:\/\/[^\s"<>]+$/i.test(address) && address.length <= 2_000) || /^files\/[\w-]{1,64}$/.test(address);
}

function paragraphStyle(element: HTMLElement): { align: string | null; indent: number } {
  const align = element.style.textAlign.toLowerCase();
  const indent = Math.round(Number.parseFloat(element.style.marginLeft || "0") / INDENT_PIXELS) || 0;
  return { align: element.tagName === "CENTER" ? "center" : ALIGNMENTS.includes(align) ? align : null, indent: Math.min(INDENTS_MAX, Math.max(0, indent)) };
}
const blocks = ["p", "div", "center", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "td", "th"];

export const schema = new Schema({
  nodes: {
    doc: { content: "block+" },
    paragraph: {
      content: "inline*", group: "block", attrs: { align: { default: null }, indent: { default: 0 } },
      parseDOM: blocks.map((tag) => ({ tag, getAttrs: (element: HTMLElement) => paragraphStyle(element) })),
      toDOM: (node) => {
        const { align, indent } = node.attrs as { align: string | null; indent: number };
        const style = [align ? `text-align: ${align}` : "", indent ? `margin-left: ${indent * INDENT_PIXELS}px` : ""].filter(Boolean).join("; ");
        return ["p", style ? { style } : {}, 0];
      },
    },
    blockquote: { content: "block+", group: "block", defining: true, parseDOM: [{ tag: "blockquote" }], toDOM: () => ["blockquote", 0] },
    bullet_list: { content: "list_item+", group: "block", parseDOM: [{ tag: "ul" }], toDOM: () => ["ul", 0] },
    ordered_list: {
      content: "list_item+", group: "block", attrs: { order: { default: 1 } },
      parseDOM: [{ tag: "ol", getAttrs: (element) => ({ order: Number(element.getAttribute("start")) || 1 }) }],
      toDOM: (node) => ["ol", node.attrs["order"] === 1 ? {} : { start: String(node.attrs["order"]) }, 0],
    },
    list_item: { content: "paragraph block*", defining: true, parseDOM: [{ tag: "li" }], toDOM: () => ["li", 0] },
    text: { group: "inline" },
    hard_break: { inline: true, group: "inline", selectable: false, parseDOM: [{ tag: "br" }], toDOM: () => ["br"] },
    image: {
      inline: true, group: "inline", draggable: true, attrs: { src: {}, alt: { default: "" } },
      parseDOM: [{
        tag: "img[src]",
        getAttrs: (element) => {
          const src = element.getAttribute("src") ?? "";
          return isPicture(src) ? { src, alt: element.getAttribute("alt") ?? "" } : false;
        },
      }],
      toDOM: (node) => ["img", { src: String(node.attrs["src"]), alt: String(node.attrs["alt"]) }],
    },
  },
  marks: {
    link: {
      attrs: { href: {} }, inclusive: false,
      parseDOM: [{
        tag: "a[href]",
        getAttrs: (element) => {
          const href = element.getAttribute("href") ?? "";
          return isLink(href) ? { href } : false;
        },
      }],
      toDOM: (mark: Mark) => ["a", { href: String(mark.attrs["href"]), rel: "noopener noreferrer" }, 0],
    },
    strong: { parseDOM: [{ tag: "strong" }, { tag: "b", getAttrs: (element) => (element.style.fontWeight === "normal" ? false : null) }, { style: "font-weight", getAttrs: (value) => (/^(bold(er)?|[6-9]\d\d)$/.test(String(value)) ? null : false) }], toDOM: () => ["strong", 0] },
    em: { parseDOM: [{ tag: "em" }, { tag: "i" }, { style: "font-style=italic" }], toDOM: () => ["em", 0] },
    underline: { parseDOM: [{ tag: "u" }, { tag: "ins" }, { style: "text-decoration=underline" }, { style: "text-decoration-line=underline" }], toDOM: () => ["u", 0] },
  },
});

const parser = DOMParser.fromSchema(schema);
const serializer = DOMSerializer.fromSchema(schema);

/** HTML as a document of the editor. */
export function toDocument(html: string): Node {
  return parser.parse(parse(html));
}

/** HTML as something to be put into a document. */
export function toSlice(html: string): Slice {
  return parser.parseSlice(parse(html), { preserveWhitespace: false });
}

/** What a response adds: its paragraphs as they are. */
export function toContent(html: string): Fragment {
  return toDocument(html).content;
}

/** A document as HTML. */
export function toHtml(document_: Node): string {
  const inert = document.implementation.createHTMLDocument("");
  const box = inert.createElement("div");
  serializer.serializeFragment(document_.content, { document: inert }, box);
  // Nothing written is nothing.
  return isEmpty(document_) ? "" : box.innerHTML;
}

export function isEmpty(document_: Node): boolean {
  return document_.childCount === 1 && document_.firstChild?.type === schema.nodes["paragraph"] && document_.firstChild.content.size === 0;
}
