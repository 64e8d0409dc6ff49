// The flipbook: panels that share one clock, played, stepped and scrubbed without the server. A panel is a mixture
// (frames are parameters) or a film (frames are sheets of images).

const PACE = { mixture: 1, film: 3 }; // frames a second at slow speed

// Each kind of panel: how far it runs, how it is drawn, and what its header says.
const KINDS = {
  mixture: {
    open: unpackMixture,
    last: (m) => 2 * m.last,
    draw: (canvas, m, at, scene, colours) => paintMixture(canvas, scene.ratio, m, at, scene, colours),
    note: (m, at) => {
      const p = clamp(at, 0, 2 * m.last);
      return `after ${Math.ceil(p / 2)} iterations · log-likelihood ${minus(m.curve[Math.ceil(p / 2)], 4)}`;
    },
    told: ({ title, model }, at) => {
      const t = Math.ceil(clamp(at, 0, 2 * model.last) / 2);
      const parts = model.at(t).map((c, k) => `${k + 1} holds ${(100 * c.weight).toFixed(0)} % around (${minus(c.mx, 2)}, ${minus(c.my, 2)})`);
      return `${title}: ${model.K} Gaussians over the points after ${t} iterations of EM, mean log-likelihood ${minus(model.curve[t], 4)} nats per point. Component ${parts.join("; ")}.`;
    },
  },
  film: {
    open: (panel) => ({ flat: bytes(panel.images), side: panel.side, columns: panel.columns, count: panel.count, labels: panel.labels }),
    last: (m) => m.labels.length - 1,
    draw: (canvas, m, at) => {
      const size = m.count * m.side * m.side;
      const i = clamp(at, 0, m.labels.length - 1);
      canvas.className = "sheet";
      sheet(canvas, m.flat.subarray(i * size, (i + 1) * size), m.side, m.columns);
    },
    note: (m, at) => m.labels[clamp(at, 0, m.labels.length - 1)],
    told: ({ title, model: m }, at) => `${title}: ${m.count === 1 ? "an image" : `${m.count} images`} ${m.labels[clamp(at, 0, m.labels.length - 1)]}, one of ${m.labels.length} frames.`,
  },
};

const build = (root, book) => {
  const host = root.querySelector(".flipbook");
  const ask = (selector) => host.querySelector(selector);
  const curveCanvas = ask(".curve canvas");
  let toTime = (x) => x;

  const draw = () => {
    const at = book.player.at;
    const colours = theme(host);
    book.panels.forEach((panel) => {
      const kind = KINDS[panel.kind];
      const drawn = kind.draw(panel.canvas, panel.model, at, book.scene, colours);
      panel.view = drawn && drawn.view;
      panel.noteBox.textContent = kind.note(panel.model, at);
      panel.canvas.setAttribute("aria-label", kind.told(panel, at));
      if (drawn && drawn.parts) paintWeights(panel.weights, drawn.parts, book.scene.palette);
      if (panel.cursor && panel.view) paintCursor(panel, colours);
    });
    book.player.say(book.panels[0].noteBox.textContent);
    const said = SAY[book.panels[0].kind](at, book.player.last);
    ask(".now").innerHTML = said;
    ask(".now").hidden = !said;
    const series = book.panels.filter((p) => p.model.curve && !book.data.plain).map((p, i) => ({
      x: p.model.curve.map((_, t) => t), y: p.model.curve, dots: p.model.curve.length < 60,
      colour: book.panels.length > 1 ? book.data.palette[i % book.data.palette.length] : colours.accent, dash: i % 2 ? [6, 3] : [],
    }));
    ask(".curve").hidden = !series.length;
    if (series.length) {
      const time = curves(curveCanvas, host.clientWidth < 500 ? 0.5 : 0.22, series, colours, {
        marker: Math.ceil(at / 2), range: curveRange(series), xName: "iteration", yName: "mean log-likelihood (nats per point)",
      });
      toTime = (x) => 2 * Math.round(time(x));
      const ends = book.panels.filter((p) => p.model.curve).map(({ model: { curve }, title }) => `${title}: from ${minus(curve[0], 4)} to ${minus(curve[curve.length - 1], 4)} in ${curve.length - 1} iterations`);
      curveCanvas.setAttribute("aria-label", `Mean log-likelihood in nats per point over the iterations of EM. ${ends.join("; ")}.`);
    }
  };
  // Where one is and what is drawn, for the address.
  const rested = () => {
    const { at, last } = book.player;
    const drawn = Object.keys(LAYERS).filter((name) => book.scene.layers[name]);
    book.seen({ of: book.version, at: at < last ? at : null, drawn });
  };
  book.player = makePlayer(host, { draw, pace: () => PACE[book.panels[0].kind], rested });
  book.player.scrubs(curveCanvas, (x) => toTime(x));
  new ResizeObserver(book.player.redraw).observe(ask(".panels"));
  onTheme(host, book.player.redraw);
};

// The first steps may lie far below, with "random points" a million nats: the axis shows the end of the climb.
const curveRange = (series) => {
  const values = series.flatMap((line) => line.y);
  const high = Math.max(...values);
  const usual = values.slice().sort((a, b) => a - b)[Math.floor(values.length / 10)];
  const low = Math.max(Math.min(...values), high - 3 * Math.max(high - usual, 1e-3));
  return [low - 0.05 * (high - low), high + 0.05 * (high - low)];
};

const paintWeights = (box, parts, palette) => {
  parts.forEach((part, k) => {
    const bar = box.children[k] || box.appendChild(document.createElement("i"));
    bar.style.width = `${100 * part.weight}%`;
    bar.style.background = `rgb(${palette[k % palette.length].join(",")})`;
    bar.style.color = inkOn(palette[k % palette.length]);
    bar.textContent = part.weight * box.clientWidth > 48 ? `${k + 1}: ${(100 * part.weight).toFixed(0)} %` : "";
    bar.title = `weight of component ${k + 1}: ${part.weight.toFixed(3)}`;
  });
  while (box.children.length > parts.length) box.lastChild.remove();
};

const makePanel = (root, panel, swatch) => {
  const box = document.createElement("div");
  box.className = "panel";
  const head = box.appendChild(document.createElement("header"));
  const title = head.appendChild(document.createElement("b"));
  title.textContent = panel.title;
  if (swatch) {
    const mark = title.appendChild(document.createElement("i"));
    mark.className = "swatch";
    mark.style.background = swatch;
  }
  const noteBox = head.appendChild(document.createElement("span"));
  const frame = box.appendChild(document.createElement("div"));
  frame.className = "frame";
  const canvas = frame.appendChild(document.createElement("canvas"));
  canvas.setAttribute("role", "img");
  const weights = box.appendChild(document.createElement("div"));
  if (panel.kind === "mixture") weights.className = "weights";
  root.querySelector(".panels").appendChild(box);
  return { ...panel, canvas, frame, noteBox, weights, model: KINDS[panel.kind].open(panel) };
};

const SAY = {
  mixture: (at, last) => {
    const name = at < last ? `Iteration ${Math.floor(at / 2) + 1}, ${at % 2 ? "M" : "E"}-step.` : "The end.";
    return at % 2
      ? `<b>${name}</b> Every component moves to the points it owns: their weighted mean, spread and share.`
      : `<b>${name}</b> Every point takes the colours of the components that probably made it.`;
  },
  film: () => "",
};

const LAYERS = { points: "Points", ellipses: "Ellipses (1σ, 2σ)", density: "Density" };

const makeSwitches = (root, book, mixture, clickable) => {
  const box = root.querySelector(".switches");
  box.textContent = "";
  const add = (text, pressed, toggle) => {
    const button = box.appendChild(document.createElement("button"));
    button.type = "button";
    button.textContent = text;
    button.setAttribute("aria-pressed", pressed);
    button.onclick = () => button.setAttribute("aria-pressed", toggle());
  };
  if (mixture)
    for (const [name, text] of Object.entries(LAYERS))
      add(text, book.scene.layers[name], () => {
        book.player.redraw();
        book.player.rest();
        return (book.scene.layers[name] = !book.scene.layers[name]);
      });
  if (clickable)
    add("Add points by clicking", book.adding, () => {
      book.adding = !book.adding;
      arm(root.querySelector(".flipbook"), book);
      return book.adding;
    });
};

const books = new WeakMap();

export default function ({ data, parentElement: root, setStateValue, setTriggerValue }) {
  let book = books.get(root);
  if (!book) {
    const layers = data.drawn || ["points", "ellipses"];
    book = { adding: false, scene: { layers: Object.fromEntries(Object.keys(LAYERS).map((name) => [name, layers.includes(name)])) } };
    books.set(root, book);
    build(root, book);
  }
  book.send = setStateValue;
  book.seen = (seen) => data.addressed && setTriggerValue("seen", seen);
  if (data.version === book.version) return;
  const first = book.version === undefined;
  const fresh = first || data.epoch !== book.epoch;
  Object.assign(book, { data, version: data.version, epoch: data.epoch });
  // Points put since the server last looked are still on their way.
  if (fresh || data.added.length >= book.added.length) book.added = data.added.slice();
  const scene = book.scene;
  scene.palette = data.palette.map(rgb);
  if (data.points) Object.assign(scene, { points: floats(data.points), emphasis: data.added.length, box: data.box, ratio: data.ratio });
  root.querySelector(".panels").textContent = "";
  root.querySelector(".panels").style.setProperty("--least", `${data.least}px`);
  book.panels = data.panels.map((panel, i) =>
    makePanel(root, panel, data.panels.length > 1 && data.palette[i % data.palette.length]),
  );
  book.player.last = Math.max(...book.panels.map((panel) => KINDS[panel.kind].last(panel.model)));
  makeSwitches(root, book, data.panels[0].kind === "mixture" && !data.plain, data.clickable);
  arm(root.querySelector(".flipbook"), book);
  book.player.begin(data.at ?? book.player.last, data.autoplay || (first && data.play));
}
