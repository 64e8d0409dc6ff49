// The live panel: everything about a run on canvases that are never remounted, from one message a refresh.

const panels = new WeakMap();

const PAIRS_IN_A_ROW = 4;

// Originals above their reconstructions, row by row.
const pairs = (originals, made, side) => {
  const size = side * side;
  const n = originals.length / size;
  const flat = new Uint8Array(2 * originals.length);
  for (let i = 0; i < n; i++) {
    const row = Math.floor(i / PAIRS_IN_A_ROW);
    const at = 2 * row * PAIRS_IN_A_ROW + (i % PAIRS_IN_A_ROW);
    flat.set(originals.subarray(i * size, (i + 1) * size), at * size);
    flat.set(made.subarray(i * size, (i + 1) * size), (at + PAIRS_IN_A_ROW) * size);
  }
  return flat;
};

// The first steps fall from so high that they would flatten all the rest: the axis leaves them out.
const usualRange = (series) => {
  const values = series.flatMap((line) => Array.from(line.y).slice(Math.ceil(line.y.length * 0.06))).filter(Number.isFinite);
  if (!values.length) return undefined;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return [low - 0.05 * (high - low), high + 0.05 * (high - low)];
};

// What a frame shows; drawn when there is a new one.
const drawFrame = (root, data) => {
  const ask = (selector) => root.querySelector(selector);
  if (!data.frame) return;
  const samples = bytes(data.frame.samples);
  if (samples.length) sheet(ask(".samples"), samples, data.side, 8);
  const made = bytes(data.frame.reconstructions);
  sheet(ask(".pairs"), pairs(bytes(data.originals), made, data.side), data.side, PAIRS_IN_A_ROW);
  latentMap(ask(".map"), floats(data.frame.codes), bytes(data.labels), data.palette, theme(ask(".live")));
};

const drawCurves = (root, data) => {
  const ask = (selector) => root.querySelector(selector);
  const colours = theme(ask(".live"));
  for (const name of ["reconstruction", "kl"]) {
    const series = [["train", data.colour, []], ["validation", colours.text, [5, 4]]].flatMap(([split, colour, dash]) => {
      const curve = data.curves[split];
      if (!curve || !curve[name]) return [];
      // The first validation, before any step, is out of reach of all others.
      const from = split === "validation" ? 1 : 0;
      return [{ x: floats(curve.step).subarray(from), y: floats(curve[name]).subarray(from), colour, dash, dots: from === 1 }];
    });
    ask(`.${name}`).closest("section").hidden = !series.length && name === "kl";
    curves(ask(`.${name}`), ask(".live").clientWidth < 500 ? 0.6 : 0.38, series, colours, {
      range: usualRange(series), xName: "step", yName: data.unit,
    });
  }
};

export default function ({ data, parentElement: root }) {
  const ask = (selector) => root.querySelector(selector);
  let panel = panels.get(root);
  if (!panel) {
    panel = { data };
    panels.set(root, panel);
    let queued = false;
    const redraw = () => {
      if (queued) return;
      queued = true;
      requestAnimationFrame(() => {
        queued = false;
        drawFrame(root, panel.data);
        drawCurves(root, panel.data);
      });
    };
    new ResizeObserver(redraw).observe(ask(".live"));
    onTheme(ask(".live"), redraw);
  }
  panel.data = data;
  ask(".live").dataset.step = data.step;
  ask(".live").dataset.state = data.state;
  ask(".state").textContent = data.title;
  ask(".words").textContent = data.words;
  ask(".settings").textContent = data.settings;
  ask(".pictures").classList.toggle("waiting", data.waiting);
  ask(".bar").hidden = data.progress === null;
  ask(".bar i").style.width = `${100 * (data.progress || 0)}%`;
  ask(".pictures").hidden = !data.frame;
  ask(".curves").hidden = ask(".legend").hidden = !data.curves.train;
  ask(".mapnote").textContent = data.mapnote;
  ask(".solid").style.borderColor = data.colour;
  ask(".samples").closest("section").hidden = !(data.frame && data.frame.samples);
  for (const [name, alt] of Object.entries(data.alts)) ask(`.${name}`).setAttribute("aria-label", alt);
  if (data.version !== panel.version) drawFrame(root, data);
  panel.version = data.version;
  drawCurves(root, data);
}
