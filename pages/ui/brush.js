// The brush: strokes as grey pixels of our own, so that every browser draws the same and Python gets what is seen.

const MOST_UNDONE = 50;
const BRUSH = `
  <div class="field">
    <canvas tabindex="0" role="application"></canvas><p class="hint" aria-hidden="true"></p><i class="ring" hidden></i>
  </div>
  <label class="size"><span>Brush</span><input type="range" step="1" /></label>
  <div class="tools" role="group" aria-label="Drawing tools">
    <button type="button" data-do="erase" aria-pressed="false" title="Erase (right mouse button)">Erase</button>
    <button type="button" data-do="undo" title="Undo the last stroke (Ctrl+Z)">Undo</button>
    <button type="button" data-do="invert" hidden title="What is seen goes missing, and the other way round">Invert</button>
    <button type="button" data-do="clear">Clear</button>
  </div>
  <p class="told" aria-live="polite"></p>`;

const HOLE = 0xff3a83e8; // orange, as a word of red, green and blue from the lowest byte on

// A round stroke of `width` pixels from a to b into grey `pixels`, each by about how much of it is covered; `hard` makes
// each all or nothing.
const stroke = (pixels, [rows, columns], a, b, width, erase, hard) => {
  const reach = width / 2 + 0.5;
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = dx * dx + dy * dy;
  const top = Math.max(0, Math.floor(Math.min(a[1], b[1]) - reach));
  const bottom = Math.min(rows - 1, Math.ceil(Math.max(a[1], b[1]) + reach));
  const left = Math.max(0, Math.floor(Math.min(a[0], b[0]) - reach));
  const right = Math.min(columns - 1, Math.ceil(Math.max(a[0], b[0]) + reach));
  for (let y = top; y <= bottom; y++)
    for (let x = left; x <= right; x++) {
      const [px, py] = [x + 0.5 - a[0], y + 0.5 - a[1]];
      const t = length ? clamp((px * dx + py * dy) / length, 0, 1) : 0;
      const part = clamp(reach - Math.hypot(px - t * dx, py - t * dy), 0, 1);
      const cover = hard ? 255 * (part >= 0.5) : Math.round(255 * part);
      const at = y * columns + x;
      pixels[at] = erase ? Math.min(pixels[at], 255 - cover) : Math.max(pixels[at], cover);
    }
};

// Pairs of bytes: how many pixels in a row, and how bright they are; brush.py reads them.
const packPixels = (pixels) => {
  let text = "";
  for (let i = 0, from = 0; i < pixels.length; from = i) {
    while (i < pixels.length && pixels[i] === pixels[from] && i - from < 255) i++;
    text += String.fromCharCode(i - from, pixels[from]);
  }
  return btoa(text);
};
const unpackPixels = (text, pixels) => {
  const pairs = bytes(text);
  pixels.fill(0);
  for (let i = 0, at = 0; i < pairs.length; at += pairs[i], i += 2) pixels.fill(pairs[i + 1], at, at + pairs[i]);
};

const makeBrush = (host) => {
  host.innerHTML = BRUSH;
  const ask = (selector) => host.querySelector(selector);
  const [canvas, ring, size] = [ask("canvas"), ask(".ring"), ask("input")];
  const tool = (name) => ask(`[data-do=${name}]`);
  const brush = { host, before: [], last: null, pen: null };
  let queued = false;
  let erasing = false;
  let width = 1; // of the stroke at hand

  const draw = () => {
    queued = false;
    const [rows, columns] = brush.shape;
    const context = canvas.getContext("2d");
    const image = context.createImageData(columns, rows);
    const shown = (i) => 0xff000000 | ((brush.under || brush.pixels)[i] * 0x010101);
    new Uint32Array(image.data.buffer).forEach((_, i, words) => (words[i] = brush.under && brush.pixels[i] ? HOLE : shown(i)));
    context.putImageData(image, 0, 0);
  };
  const redraw = () => {
    if (!queued) requestAnimationFrame(draw);
    queued = true;
    const empty = !brush.pixels.some(Boolean);
    ask(".hint").hidden = !empty || !!brush.last || !!brush.under;
    // Not `disabled`, which would take the focus away from who has just pressed it.
    tool("undo").setAttribute("aria-disabled", !brush.before.length);
    tool("clear").setAttribute("aria-disabled", empty);
  };
  const scale = () => canvas.getBoundingClientRect().width / brush.shape[1];
  const circle = ([x, y]) => {
    const css = Math.max(3, size.valueAsNumber * scale());
    ring.hidden = false;
    ring.style.cssText = `width:${css}px;height:${css}px;left:${x * scale()}px;top:${y * scale()}px`;
    ring.classList.toggle("off", !brush.pen && erasing);
  };
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * brush.shape[1], ((event.clientY - box.top) / box.height) * brush.shape[0]];
  };

  const keep = () => {
    brush.before.push(brush.pixels.slice());
    if (brush.before.length > MOST_UNDONE) brush.before.shift();
  };
  const tell = (text) => {
    ask(".told").textContent = text;
    redraw();
    brush.send("drawing", brush.turn + packPixels(brush.pixels));
  };
  const to = (point, erase) => {
    stroke(brush.pixels, brush.shape, brush.last || point, point, width, erase, !!brush.under);
    brush.last = point;
    redraw();
  };
  const end = () => {
    if (!brush.last) return;
    brush.last = brush.pointer = null;
    tell("");
  };
  const undo = () => {
    lift();
    if (!brush.before.length || brush.last) return;
    brush.pixels = brush.before.pop();
    tell("Undone.");
  };

  // The first finger draws; a second one, or the heel of a hand, does nothing.
  canvas.onpointerdown = (event) => {
    lift();
    if (brush.last || event.button === 1) return;
    canvas.setPointerCapture(event.pointerId);
    keep();
    brush.pointer = event.pointerId;
    brush.wipes = erasing || event.button === 2 || event.button === 5 || event.shiftKey;
    move(event);
  };
  const move = (event) => {
    const points = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const each of points.length ? points : [event]) {
      width = size.valueAsNumber * (each.pointerType === "pen" && each.pressure ? 0.5 + each.pressure : 1);
      to(place(each), brush.wipes);
    }
  };
  canvas.onpointermove = (event) => {
    if (brush.pointer === event.pointerId) move(event);
    if (event.pointerType !== "touch") circle(place(event));
  };
  canvas.onpointerup = canvas.onpointercancel = (event) => brush.pointer === event.pointerId && end();
  canvas.onlostpointercapture = canvas.onpointerup;
  canvas.onpointerleave = () => (ring.hidden = true);
  canvas.oncontextmenu = (event) => event.preventDefault();

  // Keys: the arrows move a pen, which the space bar puts down and lifts.
  const lift = () => {
    if (!brush.pen) return;
    brush.pen.down = false;
    if (brush.pointer === "keys") end();
    brush.pen = null;
    ring.hidden = true;
  };
  canvas.onkeydown = (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way && event.key !== " " && event.key !== "Enter") return event.key === "Escape" ? lift() : undefined;
    event.preventDefault();
    const [rows, columns] = brush.shape;
    const pen = (brush.pen = brush.pen || { at: [columns / 2, rows / 2], down: false });
    if (way) {
      const step = event.shiftKey ? 1 : Math.max(1, Math.round(columns / 35));
      pen.at = [clamp(pen.at[0] + way[0] * step, 0, columns), clamp(pen.at[1] + way[1] * step, 0, rows)];
    } else if (!event.repeat) pen.down = !pen.down;
    if (pen.down) {
      if (brush.pointer !== "keys") keep();
      brush.pointer = "keys";
      width = size.valueAsNumber;
      to(pen.at, erasing);
    } else if (brush.pointer === "keys") end();
    circle(pen.at);
  };
  canvas.onblur = lift;

  tool("erase").onclick = () => {
    erasing = !erasing;
    tool("erase").setAttribute("aria-pressed", erasing);
  };
  tool("undo").onclick = undo;
  tool("invert").onclick = () => {
    lift();
    keep();
    brush.pixels = brush.pixels.map((grey) => 255 - grey);
    tell("Inverted.");
  };
  tool("clear").onclick = () => {
    if (!brush.pixels.some(Boolean)) return;
    keep();
    brush.pixels = new Uint8Array(brush.pixels.length);
    if (erasing) tool("erase").onclick();
    tell("Cleared.");
  };
  host.onkeydown = (event) => {
    if (event.key.toLowerCase() !== "z" || event.shiftKey || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    undo();
  };

  brush.begin = ({ shape, sizes, start, turn }) => {
    // What was there before another beginning can be had back.
    const before = String(brush.shape) === String(shape) ? [...brush.before, brush.pixels] : [];
    Object.assign(brush, { shape, turn, before, last: null, pointer: null, pixels: new Uint8Array(shape[0] * shape[1]) });
    [canvas.height, canvas.width] = shape;
    [size.min, size.max, size.value] = [sizes[0], sizes[2], sizes[1]];
    if (start) unpackPixels(start, brush.pixels);
    redraw();
  };
  brush.lay = (picture) => {
    brush.under = picture && bytes(picture);
    host.classList.toggle("hard", !!picture);
    tool("invert").hidden = !picture;
    redraw();
  };
  return brush;
};

const brushes = new WeakMap();

export default function ({ data, parentElement: root, setStateValue }) {
  const brush = brushes.get(root) || makeBrush(root.querySelector(".brush"));
  brushes.set(root, brush);
  brush.send = setStateValue;
  // What Python gives to begin with is what was last sent: once there is a stroke, the field knows better.
  if (String(brush.shape) !== String(data.shape) || brush.turn !== data.turn) brush.begin(data);
  brush.lay(data.under);
  brush.host.querySelector(".hint").textContent = data.label;
  const keys = "arrow keys move the brush, the space bar puts it down and lifts it";
  brush.host.querySelector("canvas").setAttribute("aria-label", `${data.label}: ${keys}.`);
}
