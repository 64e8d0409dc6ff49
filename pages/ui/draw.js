// Drawing that all elements share: arrays, canvases, colours, images, curves. No page state here.

const bytes = (text) => {
  const raw = atob(text || "");
  const out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out;
};
const floats = (text) => new Float32Array(bytes(text).buffer);
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
// Black or white, whichever is read more easily on a colour.
const inkOn = (colour) => {
  const [r, g, b] = colour.map((value) => (value <= 10 ? value / 3294 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#000" : "#fff";
};
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const minus = (value, digits) => value.toFixed(digits).replace(/^-(?=[0.]*$)/, "").replace("-", "−");

const theme = (host) => {
  const style = getComputedStyle(host);
  const read = (name, other) => style.getPropertyValue(name).trim() || other;
  return {
    text: read("--st-text-color", "#222"),
    faint: read("--st-border-color", "#ccc"),
    ground: read("--st-background-color", "#fff"),
    accent: read("--st-primary-color", "#0a7"),
    font: read("--st-font", "sans-serif"),
  };
};

// Size a canvas to its box in device pixels; returns its context scaled to CSS pixels.
const fit = (canvas, ratio) => {
  const width = Math.max(40, canvas.parentElement.clientWidth);
  const height = Math.round(width * ratio);
  const dense = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * dense) || canvas.height !== Math.round(height * dense)) {
    canvas.width = Math.round(width * dense);
    canvas.height = Math.round(height * dense);
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(dense, 0, 0, dense, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
};

// Redraw when the theme changes: a hidden probe takes the theme's colour, and its transition tells.
const onTheme = (host, redraw) => {
  const probe = document.createElement("i");
  probe.style.cssText = "position:absolute;width:0;height:0;color:var(--st-text-color);transition:color 1ms";
  probe.addEventListener("transitionend", redraw);
  host.appendChild(probe);
};

// n grey images of side x side, drawn as a sheet of `columns`; `flat` is uint8, row by row.
const sheet = (canvas, flat, side, columns, gap = 1) => {
  const n = Math.floor(flat.length / (side * side));
  const rows = Math.max(1, Math.ceil(n / columns));
  const pitch = side + gap;
  canvas.width = columns * pitch - gap;
  canvas.height = rows * pitch - gap;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < n; i++) {
    const left = (i % columns) * pitch;
    const top = Math.floor(i / columns) * pitch;
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const at = 4 * ((top + y) * canvas.width + left + x);
        const value = flat[(i * side + y) * side + x];
        image.data[at] = image.data[at + 1] = image.data[at + 2] = value;
        image.data[at + 3] = 255;
      }
  }
  context.putImageData(image, 0, 0);
};

// One square grey image of numbers in [0, 1] into a canvas at (x, y).
const tile = (context, image, x, y) => {
  const side = Math.sqrt(image.length);
  const data = context.createImageData(side, side);
  for (let i = 0; i < image.length; i++) {
    data.data[4 * i] = data.data[4 * i + 1] = data.data[4 * i + 2] = (image[i] * 255 + 0.5) | 0;
    data.data[4 * i + 3] = 255;
  }
  context.putImageData(data, x, y);
};

const niceTicks = (low, high, count, least = 0) => {
  const raw = (high - low || 1) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = Math.max(least, [1, 2, 5, 10].find((m) => m * power >= 0.7 * raw) * power);
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + 1e-9 * step; tick += step) ticks.push(Number(tick.toPrecision(12)));
  return ticks;
};

// Each tick as text, with as many digits as tell neighbours apart.
const tickTexts = (ticks) => {
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : Math.abs(ticks[0]) || 1;
  const digits = clamp(-Math.floor(Math.log10(step) + 1e-9), 0, 8);
  return ticks.map((tick) => [tick, tick.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−")]);
};

// Lines over a shared x axis. series: [{x, y, colour, dash, label}]; `range` clips y, `span` is that of x;
// `lines` are [{y, text}] across, `marks` are [{x, colour}] on the axis; `marker` is an x to point
// at, `empty` what to say where there is nothing yet.
// Returns the inverse of the x scale, so that a pointer can ask where it is.
const curves = (canvas, ratio, series, colours, { range, span, marker, lines = [], marks = [], empty = "", xName = "", yName = "" } = {}) => {
  const { context, width, height } = fit(canvas, ratio);
  const shown = series.filter((line) => line.x.length);
  if (empty && !shown.length) {
    context.font = `13px ${colours.font}`;
    context.fillStyle = colours.text;
    context.globalAlpha = 0.6;
    context.textAlign = "center";
    context.fillText(empty, width / 2, height / 2);
    context.globalAlpha = 1;
    return () => 0;
  }
  const values = shown.flatMap((line) => Array.from(line.y).filter(Number.isFinite));
  let [low, high] = range || [Math.min(...values), Math.max(...values)];
  if (!Number.isFinite(low) || !Number.isFinite(high)) [low, high] = [0, 1];
  if (high - low < 1e-9) [low, high] = [low - 0.5, high + 0.5];
  const left = span ? span[0] : Math.min(...shown.map((line) => line.x[0]), Infinity);
  const right = span ? span[1] : Math.max(...shown.map((line) => line.x[line.x.length - 1]), -Infinity);
  const [from, to] = span || shown.length ? [left, right > left ? right : left + 1] : [0, 1];
  const box = { x: 52, y: 20, w: width - 62, h: height - 54 };
  const px = (x) => box.x + ((x - from) / (to - from)) * box.w;
  const py = (y) => box.y + (1 - (y - low) / (high - low)) * box.h;
  context.font = `12px ${colours.font}`;
  context.lineWidth = 1;
  context.textBaseline = "middle";
  for (const [tick, text] of tickTexts(niceTicks(low, high, 4))) {
    context.strokeStyle = colours.faint;
    context.beginPath();
    context.moveTo(box.x, py(tick));
    context.lineTo(box.x + box.w, py(tick));
    context.stroke();
    context.fillStyle = colours.text;
    context.textAlign = "right";
    context.fillText(text, box.x - 6, py(tick));
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const [tick, text] of tickTexts(niceTicks(from, to, Math.max(3, Math.floor(box.w / 80)), 1)))
    context.fillText(text, Math.min(px(tick), width - context.measureText(text).width / 2), box.y + box.h + 5);
  context.fillText(xName, box.x + box.w / 2, height - 15);
  context.textAlign = "left";
  context.fillText(yName, 0, 0);
  context.save();
  context.beginPath();
  context.rect(box.x, box.y - 4, box.w + 6, box.h + 8);
  context.clip();
  for (const line of shown) {
    context.strokeStyle = line.colour;
    context.lineWidth = 2;
    context.setLineDash(line.dash || []);
    context.beginPath();
    for (let i = 0; i < line.x.length; i++) context[i ? "lineTo" : "moveTo"](px(line.x[i]), py(line.y[i]));
    context.stroke();
    if (line.x.length === 1 || line.dots)
      for (let i = 0; i < line.x.length; i++) {
        context.fillStyle = line.colour;
        context.beginPath();
        context.arc(px(line.x[i]), py(line.y[i]), 3, 0, 7);
        context.fill();
      }
  }
  context.font = `bold 12px ${colours.font}`;
  context.textAlign = "right";
  context.textBaseline = "bottom";
  context.setLineDash([]);
  for (const line of shown.filter(({ label, y }) => label && Number.isFinite(y[y.length - 1]))) {
    const at = Math.max(py(clamp(line.y[line.y.length - 1], low, high)) - 3, box.y + 12);
    context.lineWidth = 4;
    context.strokeStyle = colours.ground;
    context.strokeText(line.label, box.x + box.w, at);
    context.fillStyle = colours.text;
    context.fillText(line.label, box.x + box.w, at);
    // A piece of the line before its name, which is written in ink that all can read.
    const end = box.x + box.w - context.measureText(line.label).width - 5;
    context.fillStyle = line.colour;
    context.fillRect(end - 12, at - 9, 12, 4);
  }
  context.font = `12px ${colours.font}`;
  for (const { y, text } of lines) {
    context.strokeStyle = context.fillStyle = colours.text;
    context.lineWidth = 1.5;
    context.setLineDash([2, 3]);
    context.beginPath();
    context.moveTo(box.x, py(y));
    context.lineTo(box.x + box.w, py(y));
    context.stroke();
    context.textBaseline = py(y) < box.y + 16 ? "top" : "bottom";
    context.fillText(`${text}: ${minus(y, 1)}`, box.x + box.w, py(y) + (py(y) < box.y + 16 ? 4 : -3));
  }
  context.setLineDash([]);
  context.restore();
  for (const { x, colour } of marks) {
    if (x < from || x > to) continue;
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(px(x), box.y + box.h - 9);
    context.lineTo(px(x) - 5, box.y + box.h);
    context.lineTo(px(x) + 5, box.y + box.h);
    context.fill();
  }
  if (marker !== undefined) {
    context.strokeStyle = colours.accent;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(px(clamp(marker, from, to)), box.y);
    context.lineTo(px(clamp(marker, from, to)), box.y + box.h);
    context.stroke();
  }
  return (x) => from + ((x - box.x) / box.w) * (to - from);
};

// Codes in the plane, coloured by class, each class named at its median; or with `only` one class before all others.
// `names` of the classes, where these are no digits.
// Returns the scale, there and back.
const latentMap = (canvas, codes, labels, palette, colours, only = null, names = null) => {
  const { context, width, height } = fit(canvas, 1);
  const n = codes.length / 2;
  // A square around all but the few codes that lie far out.
  const span = (axis) => {
    const values = Array.from({ length: n }, (_, i) => codes[2 * i + axis]).sort((a, b) => a - b);
    return [values[Math.floor(0.004 * n)], values[Math.floor(0.996 * (n - 1))]];
  };
  const [[left, right], [bottom, top]] = [span(0), span(1)];
  const reach = Math.max(1e-6, 0.55 * Math.max(right - left, top - bottom));
  const px = (x) => (0.5 + (0.5 * (x - (left + right) / 2)) / reach) * width;
  const py = (y) => (0.5 - (0.5 * (y - (bottom + top) / 2)) / reach) * height;
  for (let i = 0; i < n; i++) {
    context.globalAlpha = only === null || labels[i] === only ? 0.75 : 0.12;
    context.fillStyle = palette[labels[i] % palette.length];
    context.beginPath();
    context.arc(px(codes[2 * i]), py(codes[2 * i + 1]), 2.6, 0, 7);
    context.fill();
  }
  context.globalAlpha = 1;
  context.font = `bold 17px ${colours.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineWidth = 4;
  context.lineJoin = "round";
  const middle = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
  const signs = Array.from(only === null ? new Set(labels) : [], (label) => {
    const mine = Array.from({ length: n }, (_, i) => i).filter((i) => labels[i] === label);
    const name = names ? names[label] : `${label}`;
    return { name, half: context.measureText(name).width / 2, x: px(middle(mine.map((i) => codes[2 * i]))), y: py(middle(mine.map((i) => codes[2 * i + 1]))) };
  }).sort((a, b) => a.y - b.y);
  signs.forEach((sign, i) => {
    // Long names of classes that lie on each other stand below each other.
    for (const above of signs.slice(0, i)) if (Math.abs(above.x - sign.x) < above.half + sign.half && sign.y - above.y < 18) sign.y = above.y + 18;
    sign.x = clamp(sign.x, sign.half + 4, Math.max(sign.half + 4, width - sign.half - 4));
    context.strokeStyle = colours.ground;
    context.strokeText(sign.name, sign.x, sign.y);
    context.fillStyle = colours.text;
    context.fillText(sign.name, sign.x, sign.y);
  });
  const from = (at, size, low, high) => (low + high) / 2 + (2 * at / size - 1) * reach;
  return { px, py, reach, x: (at) => from(at, width, left, right), y: (at) => from(height - at, height, bottom, top) };
};

// Two heaps of numbers over one axis. kinds: [{text, colour}], ends: [low, high] or null for those of the numbers.
const histogram = (canvas, heaps, { kinds, ends, names }, colours) => {
  const { context, width, height } = fit(canvas, Math.max(0.62, 150 / canvas.parentElement.clientWidth));
  const all = heaps.flatMap((heap) => Array.from(heap));
  const [low, high] = ends || [Math.min(...all), Math.max(...all) + 1e-6];
  const bins = 30;
  const counts = heaps.map((heap) => {
    const found = new Array(bins).fill(0);
    for (const value of heap) found[clamp(Math.floor(((value - low) / (high - low)) * bins), 0, bins - 1)] += 1 / heap.length;
    return found;
  });
  const top = Math.max(...counts.flat(), 0.1);
  const box = { x: 8, y: 26, w: width - 16, h: height - 66 };
  counts.forEach((heap, i) => {
    context.fillStyle = kinds[i].colour;
    context.globalAlpha = 0.7;
    heap.forEach((share, bin) => {
      const h = (share / top) * box.h;
      context.fillRect(box.x + (bin / bins) * box.w + (i * 0.5 * box.w) / bins, box.y + box.h - h, (0.5 * box.w) / bins - 0.5, h);
    });
  });
  context.globalAlpha = 1;
  context.fillStyle = colours.text;
  context.fillRect(box.x, box.y + box.h, box.w, 1);
  context.font = `12px ${colours.font}`;
  context.textBaseline = "top";
  const [left, right] = (width > 220 && names) || [minus(low, 1), minus(high, 1)];
  context.textAlign = "left";
  context.fillText(left, box.x, box.y + box.h + 6);
  context.textAlign = "right";
  context.fillText(right, box.x + box.w, box.y + box.h + 6);
  let at = box.x;
  context.textAlign = "left";
  context.font = `bold 13px ${colours.font}`;
  for (const { text, colour } of kinds) {
    context.fillStyle = colour;
    context.fillRect(at, 3, 12, 12);
    context.fillStyle = colours.text;
    const said = width > 220 ? text : text.split(" ")[0];
    context.fillText(said, at + 17, 2);
    at += context.measureText(said).width + 34;
  }
};

// A canvas as a PNG file, each pixel so many pixels wide.
const save = (canvas, name, scale) => {
  const large = document.createElement("canvas");
  [large.width, large.height] = [canvas.width * scale, canvas.height * scale];
  const context = large.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, large.width, large.height);
  const link = document.createElement("a");
  link.download = name;
  link.href = large.toDataURL("image/png");
  link.click();
};
