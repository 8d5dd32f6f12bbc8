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

/** One thing after another in a text: a comment, an end, a beginning with attributes, or text. */
const TOKEN = /<!--[\s\S]*?(?:-->|$)|<[!?][^>]*>|<\/([a-z][\w:-]*)[^>]*>|<([a-z][\w:-]*)((?:\s+[^\s"'<>=/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+))?|\s*\/|\s+)*)\s*>|[^<]+|</gi;
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
  let silent: string | null = null;
  for (const found of html.slice(0, CHARACTERS_MAX).matchAll(TOKEN)) {
    const [token, ending, beginning, attributes = ""] = found;
    const end = ending?.toLowerCase();
    const name = beginning?.toLowerCase();
    if (silent !== null) {
      if (end === silent || (silent === "head" && name === "body")) silent = null;
      continue;
    }
    if (end !== undefined) {
      closeTo([end], []);
      continue;
    }
    if (name === undefined) {
      if (token.startsWith("<!") || token.startsWith("<?")) continue;
      here().appendChild(inert.createTextNode(decoded(token)));
      continue;
    }
    if (SILENT.has(name)) {
      if (!/\/\s*$/.test(attributes)) silent = name;
      continue;
    }
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
  return root;
}

/** A text of lines as HTML. */
export function fromText(text: string): string {
  const written = text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;" })[sign] ?? sign);
  return written.split(/\n{2,}/).map((paragraph) => `<p>${paragraph.replaceAll("\n", "<br>")}</p>`).join("");
}
