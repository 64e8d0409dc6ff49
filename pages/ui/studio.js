// The latent studio: a digit that follows the hand. The decoder runs here; the server is asked for what it knows once.

const TILES = 7; // digits in the strip above a slider
const FIRST = 8; // sliders that are shown before one asks for more
const BUDGET = 7; // milliseconds of a frame for strips and sheet, after the digit itself is drawn
const SETTLED = 250; // milliseconds without a movement before the server is told
const SIZES = [8, 12, 16, 20];
const TRUNCATIONS = [["0.5", "0.5 σ"], ["1", "1 σ"], ["2", "2 σ"], ["3", "3 σ"], ["", "any σ"]];

const option = (select, value, text) => select.add(new Option(text, value));

const makeStudio = (root) => {
  const host = root.querySelector(".studio");
  const ask = (selector) => host.querySelector(selector);
  const studio = { host, ask, data: null, z: null, label: 0, work: null, random: makeRandom(1), shown: FIRST, own: [], size: 12 };
  let [queued, timer] = [false, 0];

  TRUNCATIONS.forEach(([value, text]) => option(ask(".truncation select"), value, text));
  ask(".truncation select").value = "2";
  SIZES.forEach((n) => option(ask("[data-of=size]"), n, `${n} × ${n}`));
  ask("[data-of=size]").value = studio.size;

  const image = ask(".image").getContext("2d");

  // Once an animation frame: the digit, the cursor and the sliders; strips and sheet in what is left of it.
  const draw = () => {
    queued = false;
    if (!studio.z || !studio.atlas) return;
    if (studio.decoder.fallback) paintFromAfar(studio, image);
    else tile(image, studio.decoder.decode(studio.z, studio.label), 0, 0);
    host.dataset.z = Array.from(studio.z.slice(0, 8), (x) => x.toFixed(4)).join(" ");
    paintCursor(studio);
    moveSliders(studio);
    studio.work = unhurried(studio);
    carryOn();
  };
  const carryOn = () => {
    const end = performance.now() + BUDGET;
    const { work } = studio;
    while (work && performance.now() < end)
      if (work.next().done) {
        studio.work = null;
        host.dataset.state = "whole";
        return;
      }
    if (work && host.isConnected) requestAnimationFrame(() => work === studio.work && carryOn());
  };
  studio.redraw = () => {
    if (!queued) requestAnimationFrame(draw);
    queued = true;
  };
  // Every movement ends here; `quiet` is one that the server knows of.
  studio.moveTo = (z, quiet = false) => {
    studio.z = Float64Array.from(z);
    host.dataset.state = "drawing";
    studio.redraw();
    clearTimeout(timer);
    timer = setTimeout(quiet ? studio.settled : studio.tell, SETTLED);
  };
  studio.move = (i, value) => {
    if (!studio.atlas) return;
    const { row, read } = studio.sliders[i];
    const by = value - read(studio.z);
    studio.moveTo(studio.z.map((x, j) => x + by * row[j]));
  };
  studio.rest = () => clearTimeout(timer);
  studio.look = () => studio.told("look", { of: studio.data.model.name, axes: studio.axes.kind, sheet: String(studio.size) });
  studio.tell = () => {
    // A code rests where the address can tell it, so that its link shows the same to the last pixel.
    studio.z = studio.z.map((x) => Number(x.toFixed(3)));
    studio.redraw();
    studio.send("z", { model: studio.data.model.name, sent: studio.data.sent, z: Array.from(studio.z), label: studio.label });
    studio.settled();
  };
  studio.settled = () => {
    tellFacts(studio);
    neighbours(studio);
  };

  const act = {
    random: () => studio.moveTo(drawn(studio, Number(ask(".truncation select").value) || Infinity)),
    middle: () => studio.moveTo(studio.prior ? new Float64Array(studio.d) : studio.atlas.mean),
    more: () => {
      studio.shown = studio.axes.rows.length;
      makeSliders(studio);
    },
    classes: () => addClasses(studio),
    groups: () => addGroups(studio),
    png: () => save(ask(".sheetbox canvas"), `${studio.data.model.name}-sheet.png`, 2),
    digit: () => save(ask(".image"), `${studio.data.model.name}-${studio.data.model.thing}.png`, 10),
  };
  host.querySelectorAll("[data-act]").forEach((button) => (button.onclick = () => studio.atlas && act[button.dataset.act]()));
  host.querySelectorAll("[data-axes]").forEach((button) => {
    button.onclick = () => {
      chooseAxes(studio, button.dataset.axes);
      studio.look();
      tellModel(studio);
      all();
    };
  });
  ask("[data-of=size]").onchange = (event) => {
    studio.size = Number(event.target.value);
    studio.look();
    studio.sheetOf = "";
    studio.redraw();
  };
  ask(".arithmetic").ontoggle = ask("[data-of=among]").onchange = () => ask(".arithmetic").open && showGroups(studio);
  ask(".seed input").onchange = (event) => (studio.random = makeRandom(Math.abs(event.target.valueAsNumber) || 0));
  takePointer(studio);
  const all = () => {
    if (!studio.atlas) return;
    paintMap(studio);
    studio.redraw();
  };
  new ResizeObserver(all).observe(ask(".plane .frame"));
  onTheme(host, all);
  return studio;
};

// A code as the model draws them, each step from the middle at most `most` standard deviations long.
const drawn = (studio, most) => {
  const { d, atlas, random } = studio;
  const noise = Float64Array.from({ length: d }, () => random.normal(most));
  if (studio.prior) return noise;
  return Float64Array.from({ length: d }, (_, j) => {
    let sum = atlas.mean[j];
    for (let k = 0; k <= j; k++) sum += atlas.factor[j * d + k] * noise[k];
    return sum;
  });
};

const chooseAxes = (studio, kind) => {
  const { atlas } = studio;
  const byEffect = Array.from(atlas.coordinate_effects, (_, i) => i);
  if (studio.d > 2) byEffect.sort((a, b) => atlas.coordinate_effects[b] - atlas.coordinate_effects[a]);
  studio.axes = kind === "direction" ? directionAxes(atlas) : coordinateAxes(atlas, byEffect, studio.prior);
  studio.own = [];
  studio.host.querySelectorAll("[data-axes]").forEach((button) => button.setAttribute("aria-pressed", button.dataset.axes === kind));
  makeSliders(studio);
};

const makeSliders = (studio) => {
  const { axes } = studio;
  const list = studio.ask(".sliders");
  list.textContent = "";
  const known = axes.names.slice(0, studio.shown).map((name, i) => ({ name, row: axes.rows[i], range: axes.ranges[i], read: (z) => axes.read(z)[i] }));
  studio.sliders = [...known, ...studio.own];
  studio.sliders.forEach((slider, i) => {
    const box = list.appendChild(document.createElement("label"));
    box.className = "slider";
    box.innerHTML = `<span class="of"></span><span class="track"><canvas width="${TILES * 28}" height="28" aria-hidden="true"></canvas><input type="range" step="any"></span><output></output>`;
    box.querySelector(".of").textContent = slider.name;
    slider.canvas = box.querySelector("canvas");
    slider.input = box.querySelector("input");
    slider.output = box.querySelector("output");
    [slider.input.min, slider.input.max] = slider.range;
    slider.input.setAttribute("aria-label", slider.name);
    slider.input.oninput = () => studio.move(i, slider.input.valueAsNumber);
    slider.input.onkeydown = (event) => {
      const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 }[event.key];
      if (!step) return;
      event.preventDefault();
      const [low, high] = slider.range;
      studio.move(i, clamp(slider.read(studio.z) + (step * (high - low)) / 60, low, high));
    };
  });
  const hidden = axes.rows.length - studio.shown;
  studio.ask(".more").hidden = hidden <= 0;
  studio.ask(".more").textContent = `Show ${hidden} more`;
  if (studio.z) studio.redraw();
};

const moveSliders = (studio) => {
  for (const slider of studio.sliders) {
    const value = slider.read(studio.z);
    slider.input.value = value;
    slider.output.textContent = minus(value, 2);
  }
};

// Strips and sheet, one decoded digit at a time, so that a hand that moves on never waits for them.
const unhurried = function* (studio) {
  const { decoder, label } = studio;
  if (decoder.fallback) return;
  for (const slider of studio.sliders) {
    const context = slider.canvas.getContext("2d");
    const [low, high] = slider.range;
    const at = slider.read(studio.z);
    for (let i = 0; i < TILES; i++) {
      const by = low + ((i + 0.5) * (high - low)) / TILES - at;
      tile(context, decoder.decode(studio.z.map((x, j) => x + by * slider.row[j]), label), 28 * i, 0);
      yield;
    }
  }
  yield* paintSheet(studio);
};

// A grid over the first two axes whose lines cut the bell curve into equal parts, so that every digit of the sheet is
// as probable as every other; all else stays as it is.
const paintSheet = function* (studio) {
  const { axes, size, decoder, label } = studio;
  const stand = axes.read(studio.z);
  const [across, up] = axes.rows;
  // What the sheet depends on: with two axes on nothing but the label.
  const rest = studio.z.map((x, j) => x - stand[0] * across[j] - (up ? stand[1] * up[j] : 0));
  const now = `${size} ${label} ${axes.kind} ${Array.from(rest, (x) => x.toFixed(2)).join()}`;
  if (now === studio.sheetOf) return;
  studio.sheetOf = "";
  const canvas = studio.ask(".sheetbox canvas");
  const rows = up ? size : 1;
  canvas.style.aspectRatio = `${size} / ${rows}`;
  if (canvas.width !== 28 * size || canvas.height !== 28 * rows) [canvas.width, canvas.height] = [28 * size, 28 * rows];
  const context = canvas.getContext("2d");
  const middle = (i) => (axes.ranges[i][0] + axes.ranges[i][1]) / 2;
  const width = (i) => (axes.ranges[i][1] - axes.ranges[i][0]) / 2 / LEVEL;
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < size; c++) {
      const a = middle(0) + width(0) * inverseNormal((c + 0.5) / size);
      const b = up ? middle(1) - width(1) * inverseNormal((r + 0.5) / size) : 0;
      tile(context, decoder.decode(rest.map((x, j) => x + a * across[j] + (up ? b * up[j] : 0)), label), 28 * c, 28 * r);
      yield;
    }
  const ways = up ? `${axes.names[0]} across and ${axes.names[1]} up` : axes.names[0];
  canvas.setAttribute("aria-label", `${size} × ${rows} ${studio.data.model.thing}s over ${ways}, in equal steps of probability`);
  studio.sheetOf = now;
};

// Decoded in the server's worker: one request at a time, always for the newest code.
const paintFromAfar = async (studio, context) => {
  if (studio.waiting) return void (studio.again = true);
  studio.waiting = true;
  const began = performance.now();
  try {
    const [found] = await studio.decoder.fetchImages([studio.z], studio.label);
    tile(context, found, 0, 0);
    studio.host.dataset.afar = (performance.now() - began).toFixed(0);
  } catch (error) {
    studio.ask(".now").textContent = error.message;
  }
  studio.waiting = false;
  if (studio.again && studio.host.isConnected) studio.redraw();
  studio.again = false;
};

const studios = new WeakMap();

export default function ({ data, parentElement: root, setStateValue, setTriggerValue }) {
  const studio = studios.get(root) || makeStudio(root);
  if (!studios.has(root)) studio.ask("[data-of=size]").value = studio.size = Number(data.look.sheet);
  studios.set(root, studio);
  studio.send = setStateValue;
  studio.told = setTriggerValue;
  const before = studio.data;
  studio.data = data;
  const state = `${data.model.name} ${data.model.step}`;
  if (state !== studio.of) {
    studio.of = state;
    open(studio);
  } else if (studio.atlas && data.sent !== before.sent) adopt(studio);
}
