// HTML made into nodes that do nothing: no script runs, no picture is loaded, no style applies.
//
// The page may not hand texts to the browser's own parser (Trusted Types, with no policy at all), so drafts,
// predefined responses and what is pasted are read here. It is forgiving, and knows what texts of mails have;
// what it does not know is left out and its text kept. The schema of the editor decides what stays.

/** Elements that are made; all others vanish and leave their content. */
const KNOWN = new Set(["a", "b", "strong", "i", "em", "u", "ins", "p", "div", "br", "ul", "ol", "li", "blockquote", "img", "span", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "center", "table", "tbody", "tr", "td", "th"]);
const VOID = new Set(["br", "img", "hr", "input", "meta", "link", "col", "wbr", "base", "area", "source"]);
/** What is in them is no text. */
const SILENT = new Set(["script", "style", "title", "head", "template", "noscript", "iframe", "object", "svg", "math", "select", "textarea", "xml"]);
const ATTRIBUTES: Record<string, string[]> = { a: ["href"], img: ["src", "alt", "width"], ol: ["start"] };
/** Before these a paragraph ends by itself. */
const BLOCKS = new Set(["p", "div", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "table", "center"]);
const CHARACTERS: Record<string, string> = {
  amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'", nbsp: "\u00a0", copy: "©", reg: "®", euro: "€", hellip: "…", ndash: "–", mdash: "—",
  lsquo: "‘", rsquo: "’", ldquo: "“", rdquo: "”", bdquo: "„", laquo: "«", raquo: "»", middot: "·", bull: "•", trade: "™",
  auml: "ä", ouml: "ö", uuml: "ü", Auml: "Ä", Ouml: "Ö", Uuml: "Ü", szlig: "ß", eacute: "é", egrave: "è", agrave: "à", ccedil: "ç", ntilde: "ñ",
};
/** Deeper than that nobody writes; what is deeper stands beside. */
const DEPTH_MAX = 60;
/** Longer texts are cut. */
const CHARACTERS_MAX = 2_000_000;

/** Text with its `&name;` written out. */
function decoded(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{2,8}));?/gi, (whole, hex: string | undefined, decimal: string | undefined, name: string | undefined) => {
    if (name !== undefined) return Object.hasOwn(CHARACTERS, name) ? CHARACTERS[name] ?? whole : whole;
    const point = hex !== undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return point > 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff) ? String.fromCodePoint(point) : "\ufffd";
  });
}

/** What stands in a text one after the other: an end, a beginning with its attributes, or text; comments are left out. */
type Token = { kind: "text"; text: string } | { kind: "end"; name: string } | { kind: "begin"; name: string; attributes: string };

const NAME = /[a-z][\w:-]*/iy;

/**
 * Reads a text from front to back, each character once or twice whatever it holds: what is pasted may be made to keep
 * a browser busy. A tag that does not end is text.
 */
function* tokens(html: string): Generator<Token> {
  // Where the next sign of a sort stands; each is looked for once.
  const ahead = new Map<string, number>();
  const next = (sign: string, from: number): number => {
    const known = ahead.get(sign) ?? -2;
    if (known === -1 || known >= from) return known;
    const found = html.indexOf(sign, from);
    ahead.set(sign, found);
    return found;
  };
  const nameAt = (place: number): string => {
    NAME.lastIndex = place;
    return NAME.exec(html)?.[0] ?? "";
  };
  /** The end of a tag whose attributes begin there, or where it turned out to be none. */
  const endOfTag = (from: number): { at: number; isTag: boolean } => {
    for (let at = from; at < html.length; at += 1) {
      const sign = html[at];
      if (sign === ">") return { at, isTag: true };
      if (sign === "<") return { at, isTag: false };
      if (sign === "\"" || sign === "'") {
        const close = next(sign, at + 1);
        if (close < 0) return { at: at + 1, isTag: false };
        at = close;
      }
    }
    return { at: html.length, isTag: false };
  };
  /** Where what is no text ends, whatever stands in it. */
  const behindSilent = (name: string, from: number): number => {
    const end = new RegExp(name.toLowerCase() === "head" ? "</head|<body" : `</${name}`, "gi");
    end.lastIndex = from;
    return end.exec(html)?.index ?? html.length;
  };
  let at = 0;
  while (at < html.length) {
    const begin = next("<", at);
    if (begin !== at) {
      const end = begin < 0 ? html.length : begin;
      yield { kind: "text", text: html.slice(at, end) };
      at = end;
      continue;
    }
    if (html.startsWith("<!--", at)) {
      const end = next("-->", at + 4);
      at = end < 0 ? html.length : end + 3;
      continue;
    }
    const sign = html[at + 1];
    const name = nameAt(sign === "/" ? at + 2 : at + 1);
    if (sign === "!" || sign === "?" || (sign === "/" && name)) {
      const end = next(">", at + 2);
      if (end >= 0) {
        if (sign === "/") yield { kind: "end", name: name.toLowerCase() };
        at = end + 1;
        continue;
      }
    } else if (name) {
      const from = at + 1 + name.length;
      const end = endOfTag(from);
      const attributes = html.slice(from, end.at);
      at = end.isTag ? end.at + 1 : end.at;
      if (!end.isTag) yield { kind: "text", text: html.slice(from - name.length - 1, at) };
      else if (SILENT.has(name.toLowerCase())) at = attributes.trimEnd().endsWith("/") ? at : behindSilent(name, at);
      else yield { kind: "begin", name: name.toLowerCase(), attributes };
      continue;
    }
    yield { kind: "text", text: "<" };
    at += 1;
  }
}

const ATTRIBUTE = /([^\s"'<>=/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+)))?/g;

/** Reads HTML. */
export function parse(html: string): DocumentFragment {
  // A document that is shown nowhere loads nothing.
  const inert = document.implementation.createHTMLDocument("");
  const root = inert.createDocumentFragment();
  const open: { name: string; node: Node }[] = [];
  const here = () => open.at(-1)?.node ?? root;
  const closeTo = (names: string[], within: string[]) => {
    for (let place = open.length - 1; place >= 0; place -= 1) {
      const name = open[place]?.name ?? "";
      if (names.includes(name)) {
        open.length = place;
        return;
      }
      if (within.includes(name)) return;
    }
  };
  let text = "";
  const putText = () => {
    if (text) here().appendChild(inert.createTextNode(decoded(text)));
    text = "";
  };
  for (const token of tokens(html.slice(0, CHARACTERS_MAX))) {
    if (token.kind === "text") {
      text += token.text;
      continue;
    }
    putText();
    if (token.kind === "end") {
      closeTo([token.name], []);
      continue;
    }
    const { name, attributes } = token;
    if (!KNOWN.has(name)) continue;
    if (BLOCKS.has(name)) closeTo(["p"], ["li", "td", "th", "blockquote", "div"]);
    if (name === "li") closeTo(["li"], ["ul", "ol"]);
    if (name === "tr") closeTo(["tr"], ["table"]);
    if (name === "td" || name === "th") closeTo(["td", "th"], ["tr", "table"]);
    const element = inert.createElement(name);
    for (const [, key = "", double, single, bare] of attributes.matchAll(ATTRIBUTE)) {
      const wanted = key.toLowerCase();
      const value = decoded(double ?? single ?? bare ?? "");
      // By the object model: a policy that forbids inline styles holds for attributes.
      if (wanted === "style") element.style.cssText = value;
      else if (wanted === "align") element.style.textAlign = value;
      else if (ATTRIBUTES[name]?.includes(wanted)) element.setAttribute(wanted, value);
    }
    here().appendChild(element);
    if (!VOID.has(name) && open.length < DEPTH_MAX) open.push({ name, node: element });
  }
  putText();
  return root;
}

/** A text of lines as HTML. */
export function fromText(text: string): string {
  const written = text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;" })[sign] ?? sign);
  return written.split(/\n{2,}/).map((paragraph) => `<p>${paragraph.replaceAll("\n", "<br>")}</p>`).join("");
}
