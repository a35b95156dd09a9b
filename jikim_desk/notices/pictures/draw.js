// Draws a page anew, from its words alone. The page is parsed into a document that is never shown: nothing in it runs, loads or
// paints. What is drawn are elements of ours with the text of theirs; no attribute, style or script is taken over. Where they
// have a picture, film, drawing or frame, a grey box with its kind stands.
(html, words, limits) => {
  const STYLE = `
    :root { color: #111; background: #fff; font: 15px/1.6 "Noto Sans CJK KR", "Noto Sans KR", sans-serif; }
    body { margin: 0; padding: 20px; overflow-wrap: anywhere; }
    .head { border: 1px solid #777; padding: 10px 14px; margin-bottom: 20px; font-size: 13px; }
    .covered { display: inline-block; box-sizing: border-box; background: #bbb; border: 1px solid #666; color: #111;
      padding: 6px; margin: 2px; font-size: 12px; line-height: 1.3; overflow: hidden; vertical-align: top; max-width: 100%; }
    .cut { border-top: 2px solid #111; margin-top: 16px; padding-top: 8px; font-weight: bold; }
    table { border-collapse: collapse; } td, th { border: 1px solid #bbb; padding: 3px 6px; text-align: left; vertical-align: top; }
    a { text-decoration: underline; } h1 { font-size: 22px; } h2 { font-size: 19px; } pre { white-space: pre-wrap; }`;
  const KEPT = new Set(`a abbr address article aside b big blockquote br button caption center cite code dd del dfn div dl dt em
    fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr i ins kbd label legend li main mark nav ol p pre q rp rt ruby
    s samp section small span strong sub summary sup table tbody td tfoot th thead time tr u ul var`.split(/\s+/));
  const COVERED = {
    img: "picture", image: "picture", picture: "picture", svg: "drawing", canvas: "drawing", math: "drawing", map: "drawing",
    video: "film", audio: "sound", iframe: "frame", frame: "frame", frameset: "frame", fencedframe: "frame",
    object: "embedded", embed: "embedded", applet: "embedded", portal: "frame", model: "embedded",
  };
  const LEFT_OUT = new Set(`area base basefont bgsound datalist head input link meta noembed noframes noscript option optgroup param
    script select slot source style template textarea title track`.split(/\s+/));
  const OWN = { article: "div", aside: "div", button: "span", center: "div", fieldset: "div", figure: "div", form: "div",
    label: "span", legend: "div", main: "div", nav: "div", ruby: "span", rp: "span", rt: "span", summary: "div" };
  const BLOCKS = new Set(["body", "details", "dialog", "hgroup", "search", "menu", "dir", "marquee"]);
  const BACKGROUND = /url\s*\(|image-set\s*\(|image\s*\(|gradient\s*\(|cross-fade\s*\(|element\s*\(|paint\s*\(|\\/i;

  // A form or a document takes names in it for its own properties: what is read of theirs is read past such names.
  const reader = (of, name) => {
    const { get } = Object.getOwnPropertyDescriptor(of.prototype, name);
    return (node) => get.call(node);
  };
  const first = reader(Node, "firstChild"), next = reader(Node, "nextSibling"), type = reader(Node, "nodeType");
  const text_of = reader(CharacterData, "data"), name_of = reader(Element, "localName");
  const body_of = reader(Document, "body"), title_of = reader(Document, "title");
  const attribute = (element, name) => Element.prototype.getAttribute.call(element, name);

  let nodes = 0, letters = 0, boxes = 0, isCut = false;

  const side = (element, name, least, most, otherwise) => {
    const said = parseInt(attribute(element, name) || "", 10);
    return Math.min(most, Math.max(least, Number.isFinite(said) ? said : otherwise));
  };
  const covered = (kind, element) => {
    boxes += 1;
    const box = document.createElement("span");
    box.className = "covered";
    box.style.width = `${side(element, "width", 110, 640, 180)}px`;
    box.style.height = `${side(element, "height", 44, 400, 120)}px`;
    box.textContent = words[kind];
    return box;
  };
  const isFull = () => {
    if (nodes < limits.nodes && letters < limits.letters) return false;
    isCut = true;
    return true;
  };
  const draw = (begin, into, depth) => {
    for (let node = begin; node; node = next(node)) {
      if (isFull()) return;
      if (type(node) === Node.TEXT_NODE) {
        const text = text_of(node).slice(0, limits.letters - letters);
        letters += text.length;
        into.append(text);
        continue;
      }
      if (type(node) !== Node.ELEMENT_NODE) continue;
      nodes += 1;
      const name = name_of(node);
      if (Object.hasOwn(COVERED, name)) { into.append(covered(COVERED[name], node)); continue; }
      if (name === "input" && (attribute(node, "type") || "").toLowerCase() === "image") {
        into.append(covered("picture", node));
        continue;
      }
      if (LEFT_OUT.has(name)) continue;
      const has_own = KEPT.has(name) && !Object.hasOwn(OWN, name);
      const own = document.createElement(has_own ? name : Object.hasOwn(OWN, name) ? OWN[name] : (BLOCKS.has(name) ? "div" : "span"));
      if (attribute(node, "background") !== null || BACKGROUND.test(attribute(node, "style") || "")) {
        into.append(covered("background", node));
      }
      into.append(own);
      draw(first(node), depth < limits.depth ? own : into, depth + 1);
    }
  };

  const policy = document.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = "default-src 'none'";
  document.head.append(policy);
  const style = new CSSStyleSheet();
  style.replaceSync(STYLE);
  document.adoptedStyleSheets = [style];

  const parsed = new DOMParser().parseFromString(html, "text/html");
  const head = document.createElement("div");
  head.className = "head";
  for (const line of words.head) {
    const row = document.createElement("div");
    row.textContent = line;
    head.append(row);
  }
  const title = document.createElement("h1");
  title.textContent = title_of(parsed).slice(0, 500);
  const page = document.createElement("div");
  draw(body_of(parsed), page, 0);
  document.body.replaceChildren(head, title, page);

  const tall = () => Math.ceil(document.documentElement.scrollHeight);
  if (tall() > limits.height_px) isCut = true;
  if (isCut) {
    const row = document.createElement("div");
    row.textContent = words.cut;
    row.style.fontWeight = "bold";
    head.append(row);
  }
  return document.fonts.ready.then(() => ({ height_px: Math.min(tall(), limits.height_px), boxes, is_cut: isCut }));
}
