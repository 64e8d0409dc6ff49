// What the Tab key reaches, looked at from within: `keys.step()` after each press, `keys.missed()` at the end.
() => {
  const walk = (root, found = []) => {
    for (const each of root.querySelectorAll("*")) {
      found.push(each);
      if (each.shadowRoot) walk(each.shadowRoot, found);
    }
    return found;
  };
  const seen = (el) => {
    const { width, height } = el.getBoundingClientRect();
    return width > 1 && height > 1 && el.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !el.closest("[inert], [aria-hidden=true]");
  };
  const control = (el) => el.tabIndex >= 0 && !el.disabled && el.matches("a[href], button, input, select, textarea, summary, [tabindex]") && seen(el);
  // How it and what it stands in look, which somehow tells where the keyboard is.
  const look = (el) => {
    const parts = [];
    for (let at = el, i = 0; at && i < 6; at = at.parentElement || at.getRootNode().host, i++)
      for (const pseudo of [null, "::before", "::after"]) {
        const s = getComputedStyle(at, pseudo);
        parts.push(s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor, s.backgroundColor, s.color, s.textDecorationLine);
      }
    return parts.join();
  };
  const name = (el) => `${el.tagName.toLowerCase()} "${(el.getAttribute("aria-label") || el.innerText || el.title || el.className || "").toString().slice(0, 60)}"`;
  // Of buttons of which one is chosen, the arrow keys reach the others.
  const group = (el) => el.closest("[data-testid=stButtonGroup], [role=tablist], [role=radiogroup]") || (el.type === "radio" && el.name) || el;
  const keys = (window.keys = { visited: new Set(), faint: [] });
  const plain = new Map(walk(document).filter(control).map((el) => [el, look(el)]));
  // Some are told of the focus by a script, a little later.
  const marked = async (el) => {
    for (const end = performance.now() + 1500; performance.now() < end; await new Promise(requestAnimationFrame)) if (look(el) !== plain.get(el)) return true;
    return false;
  };
  keys.step = async () => {
    let el = document.activeElement;
    while (el && el.shadowRoot && el.shadowRoot.activeElement) el = el.shadowRoot.activeElement;
    if (!el || el === document.body) return "end";
    if (el.closest("canvas[data-testid=data-grid-canvas]")) el = el.closest("canvas"); // a cell of a table
    if (keys.visited.has(el)) return { CANVAS: "table", IFRAME: "page within" }[el.tagName] || `again ${name(el)}`;
    keys.visited.add(el);
    const grid = el.tagName === "CANVAS" && el.getRootNode() === document; // paints a frame around its cell
    if (!grid && el.tagName !== "IFRAME" && !(await marked(el))) keys.faint.push(name(el));
    return "";
  };
  keys.missed = () => {
    const groups = new Set([...keys.visited].map(group));
    return walk(document).filter((el) => control(el) && !keys.visited.has(el) && !groups.has(group(el))).map(name);
  };
  // Pictures without a name that tells what is seen.
  keys.nameless = () =>
    walk(document)
      .filter((el) => el.matches("canvas, img, [role=img], [data-testid=stPlotlyChart]") && !el.closest("[data-testid=stDataFrame], [data-testid=stLogo]") && seen(el) && !el.closest("button, a, svg, [data-testid=stSidebar]"))
      .filter((el) => (el.getAttribute("aria-label") || el.alt || "").length < 5 || (el.matches("[data-testid=stPlotlyChart]") && !/\d/.test(el.getAttribute("aria-label"))))
      .map((el) => `${name(el)} ${el.outerHTML.slice(0, 100)}`);
  keys.pictures = () => walk(document).filter((el) => el.matches("canvas[role=img], [data-testid=stPlotlyChart]") && seen(el)).length;
  keys.takes = () => walk(document).filter((el) => el.matches("a[download], [data-testid=stDownloadButton] button, [data-act=png], [data-act=digit], .save, [aria-label^='Download as CSV']") && (seen(el) || el.matches("[aria-label^=Download]"))).length;
}
