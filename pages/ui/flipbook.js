// The flipbook: panels that share one clock, played, stepped and scrubbed without the server. A panel is a mixture
// (frames are parameters) or a film (frames are sheets of images).

const MOST_ADDED = 200;
const LONGEST = 15; // seconds
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
  },
};

const build = (root, book) => {
  const ask = (selector) => root.querySelector(selector);
  const host = ask(".flipbook");
  const range = ask("input[type=range]");
  const curveCanvas = ask(".curve canvas");
  let timer = 0;
  let toTime = (x) => x;

  const draw = () => {
    book.queued = false;
    const colours = theme(host);
    book.panels.forEach((panel, i) => {
      const kind = KINDS[panel.kind];
      const drawn = kind.draw(panel.canvas, panel.model, book.at, book.scene, colours);
      panel.view = drawn && drawn.view;
      panel.noteBox.textContent = kind.note(panel.model, book.at);
      if (drawn && drawn.parts) paintWeights(panel.weights, drawn.parts, book.scene.palette);
      if (panel.cursor && panel.view) paintCursor(panel, colours);
    });
    range.value = book.at;
    range.setAttribute("aria-valuetext", book.panels[0].noteBox.textContent);
    ask(".now").innerHTML = book.say(book.at);
    ask(".now").hidden = !book.say(book.at);
    const series = book.panels.filter((p) => p.model.curve && !book.data.plain).map((p, i) => ({
      x: p.model.curve.map((_, t) => t), y: p.model.curve, dots: p.model.curve.length < 60,
      colour: book.panels.length > 1 ? book.data.palette[i % book.data.palette.length] : colours.accent, dash: i % 2 ? [6, 3] : [],
    }));
    ask(".curve").hidden = !series.length;
    if (series.length) {
      const time = curves(curveCanvas, host.clientWidth < 500 ? 0.5 : 0.22, series, colours, {
        marker: Math.ceil(book.at / 2), range: curveRange(series), xName: "iteration", yName: "mean log-likelihood (nats per point)",
      });
      toTime = (x) => 2 * Math.round(time(x));
    }
  };
  // One drawing an animation frame, however many pointer events there were.
  const redraw = () => {
    if (!book.queued) requestAnimationFrame(draw);
    book.queued = true;
  };
  const go = (at) => {
    book.at = clamp(Math.round(at), 0, book.last);
    redraw();
  };
  const playing = (on) => {
    clearInterval(timer);
    timer = 0;
    if (on) {
      if (book.at >= book.last) go(0);
      const pace = ask("select").value * PACE[book.panels[0].kind];
      // Long films skip positions, but at slow speed, so that none lasts longer than a quarter of a minute.
      const stride = pace > 1 ? Math.max(1, Math.ceil(book.last / (LONGEST * pace))) : 1;
      const tick = () => (book.at >= book.last || !host.isConnected ? playing(false) : go(book.at + stride));
      timer = setInterval(tick, 1000 / pace);
    }
    const button = ask("[data-do=play]");
    button.querySelector("span").textContent = on ? "Pause" : "Play";
    ask(".now").setAttribute("aria-live", on ? "off" : "polite");
    button.querySelector("path").setAttribute("d", on ? "M4 2h3v12h-3zM9 2h3v12h-3z" : "M4 2v12l9-6z");
  };
  const moves = { first: () => 0, back: () => book.at - 1, next: () => book.at + 1, last: () => book.last };
  root.querySelectorAll("[data-do]").forEach((button) => {
    const name = button.dataset.do;
    button.onclick = () => {
      if (name === "play") return playing(!timer);
      playing(false);
      go(moves[name]());
    };
  });
  range.oninput = () => {
    playing(false);
    go(range.valueAsNumber);
  };
  ask("select").onchange = () => timer && playing(true);
  const scrub = (event) => {
    if (event.type === "pointerdown") curveCanvas.setPointerCapture(event.pointerId);
    if (!event.buttons) return;
    playing(false);
    go(toTime(event.offsetX));
  };
  curveCanvas.onpointerdown = curveCanvas.onpointermove = scrub;
  host.onkeydown = (event) => {
    if (/INPUT|SELECT|CANVAS/.test(event.target.tagName)) return;
    const name = { ArrowLeft: "back", ArrowRight: "next", Home: "first", End: "last" }[event.key];
    if (!name) return;
    event.preventDefault();
    playing(false);
    go(moves[name]());
  };
  new ResizeObserver(redraw).observe(ask(".panels"));
  onTheme(host, redraw);
  Object.assign(book, { draw, redraw, go, playing });
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
    bar.textContent = part.weight * box.clientWidth > 48 ? `${k + 1}: ${(100 * part.weight).toFixed(0)} %` : "";
    bar.title = `weight of component ${k + 1}: ${part.weight.toFixed(3)}`;
  });
  while (box.children.length > parts.length) box.lastChild.remove();
};

const paintCursor = (panel, colours) => {
  const context = panel.canvas.getContext("2d");
  const [x, y] = [panel.view.px(panel.cursor[0]), panel.view.py(panel.cursor[1])];
  context.strokeStyle = colours.text;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x - 9, y);
  context.lineTo(x + 9, y);
  context.moveTo(x, y - 9);
  context.lineTo(x, y + 9);
  context.stroke();
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
  canvas.setAttribute("aria-label", panel.alt);
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
        book.redraw();
        return (book.scene.layers[name] = !book.scene.layers[name]);
      });
  if (clickable)
    add("Add points by clicking", book.adding, () => {
      book.adding = !book.adding;
      arm(root, book);
      return book.adding;
    });
};

// Adding points: a click, or arrow keys and Enter on the focused picture.
const arm = (root, book) => {
  root.querySelector(".flipbook").classList.toggle("adding", book.adding);
  for (const panel of book.panels) {
    const canvas = panel.canvas;
    canvas.tabIndex = book.adding ? 0 : -1;
    panel.cursor = undefined;
    const put = (x, y) => {
      const point = [Number(x.toPrecision(6)), Number(y.toPrecision(6))];
      if (book.added.length >= MOST_ADDED) return;
      book.added.push(point);
      // The whole list goes each time, so that a click during a run of the page cannot be lost.
      book.send("added", { epoch: book.epoch, points: book.added });
    };
    canvas.onpointerdown = (event) => book.adding && put(panel.view.x(event.offsetX), panel.view.y(event.offsetY));
    canvas.onkeydown = (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!book.adding || (!step && event.key !== "Enter")) return;
      event.preventDefault();
      const here = panel.cursor || [panel.view.x(panel.view.width / 2), panel.view.y(panel.view.height / 2)];
      if (step) panel.cursor = [here[0] + (10 * step[0]) / panel.view.sx, here[1] + (10 * step[1]) / panel.view.sy];
      else put(...here);
      book.redraw();
    };
  }
  book.redraw();
};

const books = new WeakMap();

export default function ({ data, parentElement: root, setStateValue }) {
  let book = books.get(root);
  if (!book) {
    book = { adding: false, scene: { layers: { points: true, ellipses: true, density: false } } };
    books.set(root, book);
    build(root, book);
  }
  book.send = setStateValue;
  if (data.version === book.version) return;
  const fresh = book.version === undefined || data.epoch !== book.epoch;
  Object.assign(book, { data, version: data.version, epoch: data.epoch });
  // Points put since the server last looked are still on their way.
  if (fresh || data.added.length >= book.added.length) book.added = data.added.slice();
  book.playing(false);
  const scene = book.scene;
  scene.palette = data.palette.map(rgb);
  if (data.points) Object.assign(scene, { points: floats(data.points), emphasis: data.added.length, box: data.box, ratio: data.ratio });
  root.querySelector(".panels").textContent = "";
  root.querySelector(".panels").style.setProperty("--least", `${data.least}px`);
  book.panels = data.panels.map((panel, i) =>
    makePanel(root, panel, data.panels.length > 1 && data.palette[i % data.palette.length]),
  );
  book.last = Math.max(...book.panels.map((panel) => KINDS[panel.kind].last(panel.model)));
  book.at = book.last;
  book.say = (at) => SAY[book.panels[0].kind](at, book.last);
  root.querySelector("input[type=range]").max = book.last;
  makeSwitches(root, book, data.panels[0].kind === "mixture" && !data.plain, data.clickable);
  arm(root, book);
  book.draw();
  if (data.autoplay && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
    book.go(0);
    book.playing(true);
  }
}
