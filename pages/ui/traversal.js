// What each coordinate of a code does: a row of digits for each, from far below to far above, all others in the
// middle; and how much a VAE tells by it.

const COLUMNS = 11;
const SPOKEN = 0.05; // nats, below which a coordinate says next to nothing
const BUDGET = 8; // milliseconds of a frame

const traversals = new WeakMap();

const paintTraversal = function* (host, decoder, atlas, { model, label }) {
  const ask = (selector) => host.querySelector(selector);
  const { kl, mean, deviation, coordinate_effects: effects } = atlas;
  const d = decoder.latentDim;
  const weight = kl.length ? kl : effects;
  const order = Array.from({ length: d }, (_, i) => i).sort((a, b) => weight[b] - weight[a]);
  const most = Math.max(...weight, 1e-9);
  const used = Array.from(kl).filter((nats) => nats >= SPOKEN).length;
  const total = Array.from(kl).reduce((sum, nats) => sum + nats, 0);
  ask(".told").textContent = kl.length
    ? `${used} of ${d} coordinates are used: they tell ${total.toFixed(1)} nats about an image on average. One below ${SPOKEN} nats says next to nothing, and its row stands still.`
    : "Sorted by how much a move of one standard deviation changes the image.";
  const box = ask(".matrix");
  box.textContent = "";
  const middle = model.prior ? new Float64Array(d) : Float64Array.from(mean);
  for (const i of order) {
    const row = box.appendChild(document.createElement("div"));
    row.className = "coordinate";
    row.innerHTML = `<b></b><span class="bar"><i></i></span><span class="nats"></span><canvas width="${28 * COLUMNS}" height="28" role="img"></canvas>`;
    row.querySelector("b").textContent = `z${i + 1}`;
    row.querySelector("i").style.width = `${(100 * weight[i]) / most}%`;
    row.querySelector(".nats").textContent = kl.length ? `${kl[i].toFixed(2)} nats` : effects[i].toFixed(3);
    row.classList.toggle("unused", kl.length > 0 && kl[i] < SPOKEN);
    const canvas = row.querySelector("canvas");
    const reach = LEVEL * (model.prior ? 1 : deviation[i]);
    canvas.setAttribute("aria-label", `${COLUMNS} images as z${i + 1} goes from ${minus(middle[i] - reach, 2)} to ${minus(middle[i] + reach, 2)}${kl.length ? `; it tells ${kl[i].toFixed(2)} nats` : ""}`);
    const context = canvas.getContext("2d");
    for (let c = 0; c < COLUMNS; c++) {
      const z = middle.slice();
      z[i] += reach * ((2 * c) / (COLUMNS - 1) - 1);
      tile(context, decoder.decode(z, label), 28 * c, 0);
      yield;
    }
  }
};

const open = async (host, data) => {
  const mine = (host.dataset.of = `${data.model.name} ${data.model.step} ${data.label}`);
  host.dataset.state = "loading";
  const { name } = data.model;
  try {
    const [decoder, atlas] = await Promise.all([loadDecoder(name), loadAtlas(name)]);
    if (decoder.fallback) throw new Error(decoder.error);
    const work = paintTraversal(host, decoder, atlas, data);
    const carryOn = () => {
      if (host.dataset.of !== mine || !host.isConnected) return;
      const end = performance.now() + BUDGET;
      while (performance.now() < end) if (work.next().done) return void (host.dataset.state = "whole");
      requestAnimationFrame(carryOn);
    };
    carryOn();
    host.querySelector(".save").onclick = () => saveRows([...host.querySelectorAll(".matrix canvas")], `${name}-coordinates.png`);
  } catch (error) {
    host.dataset.state = "failed";
    host.querySelector(".now").textContent = error.message;
  }
};

const saveRows = (rows, name) => {
  const whole = document.createElement("canvas");
  [whole.width, whole.height] = [28 * COLUMNS, 28 * rows.length];
  rows.forEach((row, i) => whole.getContext("2d").drawImage(row, 0, 28 * i));
  save(whole, name, 2);
};

export default function ({ data, parentElement: root }) {
  const host = root.querySelector(".traversal");
  const of = `${data.model.name} ${data.model.step} ${data.label}`;
  if (traversals.get(root) === of) return;
  traversals.set(root, of);
  open(host, data);
}
