// What models think, drawn on the plane and on the square of their codes, from the numbers of a frame.

const REAL = CLASSES[0]; // and in a surface: D takes it for real ...
const MADE = CLASSES[1]; // ... or for made
const REAL_ON_DARK = CLASSES[4];
const SQUARE = 2.5; // half the width of the square of codes whose image is the grid
const LINE = 3; // half the length of a line of codes

const mixed = (a, b, t) => (!b || b.length !== a.length || !t ? a : a.map((value, i) => value + t * (b[i] - value)));

// The colour of real points, which is to be seen on any ground.
const realOn = ({ ground }) => (/^#[0-7]/.test(ground) ? REAL_ON_DARK : REAL);

const dots = (context, flat, place, radius, colour, ground) => {
  context.beginPath();
  for (let i = 0; i < flat.length; i += 2) {
    const [x, y] = place(flat[i], flat[i + 1]);
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 7);
  }
  if (ground) {
    context.strokeStyle = ground;
    context.lineWidth = 1.5;
    context.stroke();
  }
  context.fillStyle = colour;
  context.fill();
};

const circle = (context, x, y, rx, ry, dash = []) => {
  context.setLineDash(dash);
  context.beginPath();
  context.ellipse(x, y, Math.max(rx, 0.5), Math.max(ry, 0.5), 0, 0, 7);
  context.stroke();
  context.setLineDash([]);
};

// Numbers over the box, row by row from below, as colours: blue above the middle, orange below it.
const paintSurface = (context, view, box, values, { middle, reach }) => {
  const side = Math.sqrt(values.length);
  const sheet = new OffscreenCanvas(side, side);
  const paint = sheet.getContext("2d");
  const image = paint.createImageData(side, side);
  const [high, low] = [rgb(REAL), rgb(MADE)];
  for (let i = 0; i < values.length; i++) {
    const t = clamp((values[i] - middle) / reach, -1, 1);
    const at = 4 * ((side - 1 - Math.floor(i / side)) * side + (i % side));
    image.data.set(t > 0 ? high : low, at);
    image.data[at + 3] = 160 * Math.abs(t) ** 0.7; // small differences are seen, too
  }
  paint.putImageData(image, 0, 0);
  // A place is the middle of its pixel.
  const [dx, dy] = [(box[1] - box[0]) / (side - 1) / 2, (box[3] - box[2]) / (side - 1) / 2];
  const [left, top] = [view.px(box[0] - dx), view.py(box[3] + dy)];
  context.drawImage(sheet, left, top, view.px(box[1] + dx) - left, view.py(box[2] - dy) - top);
};

// Where numbers over the box pass a level: marching squares, as pieces of line [x0, y0, x1, y1] in the unit of the box.
const contour = (values, box, level) => {
  const side = Math.sqrt(values.length);
  const [dx, dy] = [(box[1] - box[0]) / (side - 1), (box[3] - box[2]) / (side - 1)];
  const pieces = [];
  for (let r = 0; r + 1 < side; r++)
    for (let c = 0; c + 1 < side; c++) {
      // The corners of a cell, around it.
      const corners = [[c, r], [c + 1, r], [c + 1, r + 1], [c, r + 1]].map(([i, j]) => [i, j, values[j * side + i] - level]);
      const cuts = [];
      corners.forEach(([x, y, a], k) => {
        const [u, v, b] = corners[(k + 1) % 4];
        if (a > 0 === b > 0) return;
        const t = a / (a - b);
        cuts.push(box[0] + (x + t * (u - x)) * dx, box[2] + (y + t * (v - y)) * dy);
      });
      for (let k = 0; k + 3 < cuts.length; k += 4) pieces.push(cuts.slice(k, k + 4));
    }
  return pieces;
};

const paintContour = (context, view, pieces, colour, width, dash = []) => {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(dash);
  context.beginPath();
  for (const [a, b, c, d] of pieces) {
    context.moveTo(view.px(a), view.py(b));
    context.lineTo(view.px(c), view.py(d));
  }
  context.stroke();
  context.setLineDash([]);
};

// The square of codes, row by row, or a line of them, where it was put.
const paintGrid = (context, place, grid, line, colour) => {
  const n = grid.length / 2;
  const side = line ? n : Math.round(Math.sqrt(n));
  context.save();
  context.strokeStyle = colour;
  context.lineWidth = line ? 3.5 : 1.2;
  context.lineJoin = "round";
  context.beginPath();
  const along = (from, step) => {
    for (let k = 0; k < side; k++) {
      const i = 2 * (from + k * step);
      context[k ? "lineTo" : "moveTo"](...place(grid[i], grid[i + 1]));
    }
  };
  if (line) along(0, 1);
  else
    for (let k = 0; k < side; k++) {
      along(k * side, 1);
      along(k, side);
    }
  context.stroke();
  context.restore();
};

// Short arrows; the longest but a tenth of them are `most` pixels.
const paintNeedles = (context, view, points, needles, colour, ground, most = 34) => {
  const n = Math.min(points.length, needles.length) / 2;
  const lengths = Array.from({ length: n }, (_, i) => Math.hypot(needles[2 * i] * view.sx, needles[2 * i + 1] * view.sy));
  const usual = lengths.slice().sort((a, b) => a - b)[Math.floor(0.9 * (n - 1))] || 1;
  const path = new Path2D();
  for (let i = 0; i < n; i++) {
    const length = Math.min(1.3, lengths[i] / usual) * most;
    if (length < 1.5) continue;
    const [x, y] = [view.px(points[2 * i]), view.py(points[2 * i + 1])];
    const [ux, uy] = [(needles[2 * i] * view.sx) / lengths[i], (-needles[2 * i + 1] * view.sy) / lengths[i]];
    const [tx, ty, head] = [x + ux * length, y + uy * length, Math.min(6, length / 2)];
    path.moveTo(x, y);
    path.lineTo(tx, ty);
    path.moveTo(tx - head * (ux + 0.55 * uy), ty - head * (uy - 0.55 * ux));
    path.lineTo(tx, ty);
    path.lineTo(tx - head * (ux - 0.55 * uy), ty - head * (uy + 0.55 * ux));
  }
  context.save();
  context.lineCap = "round";
  for (const [stroke, width] of [[ground, 4], [colour, 1.8]]) {
    context.strokeStyle = stroke;
    context.lineWidth = width;
    context.stroke(path);
  }
  context.restore();
};

// Test points and what became of them; `turns` are their colours.
const paintPairs = (context, view, points, rebuilt, turns, palette) => {
  palette.forEach((colour, k) => {
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 1.2;
    context.beginPath();
    turns.forEach((turn, i) => {
      if (turn !== k) return;
      const [x, y] = [view.px(rebuilt[2 * i]), view.py(rebuilt[2 * i + 1])];
      context.moveTo(view.px(points[2 * i]), view.py(points[2 * i + 1]));
      context.lineTo(x, y);
      context.moveTo(x + 2.6, y);
      context.arc(x, y, 2.6, 0, 7);
    });
    context.stroke();
  });
};

// In which direction from the middle each point lies, as one of n colours: what is near on the plane has one colour.
const directions = (points, n) => {
  const count = points.length / 2 || 1;
  const middle = [0, 1].map((axis) => points.reduce((sum, value, i) => (i % 2 === axis ? sum + value / count : sum), 0));
  return Array.from({ length: points.length / 2 }, (_, i) => {
    const turn = Math.atan2(points[2 * i + 1] - middle[1], points[2 * i] - middle[0]) / (2 * Math.PI);
    return (Math.round(turn * n) + n) % n;
  });
};

// The codes of test points with the prior behind them, or the undistorted square.
const paintCodes = (canvas, { codes, deviations, line, prior, square }, turns, palette, colours, dim) => {
  const { context, width, height } = fit(canvas, line ? 0.4 : 1);
  const sizes = codes ? Array.from(codes, Math.abs).sort((a, b) => a - b) : [];
  const reach = 1.08 * Math.max(line ? LINE : square || prior ? 2.7 : 0.5, sizes[Math.floor(0.985 * (sizes.length - 1))] || 0);
  const view = planeView(line ? [-reach, reach, -0.4 * reach, 0.4 * reach] : [-reach, reach, -reach, reach], width, height);
  const place = (x, y) => [view.px(x), view.py(y)];
  if (square) {
    context.globalAlpha = dim ? 0.15 : 0.75;
    if (line) paintGrid(context, place, Float32Array.of(-LINE, 0, LINE, 0), true, square);
    else {
      const steps = Array.from({ length: 21 }, (_, i) => -SQUARE + (i * SQUARE) / 10);
      paintGrid(context, place, Float32Array.from(steps.flatMap((y) => steps.flatMap((x) => [x, y]))), false, square);
    }
  }
  context.globalAlpha = 0.75;
  context.strokeStyle = colours.text;
  context.lineWidth = 1.3;
  if (prior)
    for (const sigma of [1, 2]) circle(context, view.px(0), view.py(0), sigma * view.sx, line ? 7 : sigma * view.sy, [5, 4]);
  if (!codes) return;
  palette.forEach((colour, k) => {
    context.fillStyle = context.strokeStyle = colour;
    context.lineWidth = 1;
    turns.forEach((turn, i) => {
      if (turn !== k) return;
      // On a line they stand above each other, in the order in which they come.
      const [x, y] = place(codes[2 * i], line ? ((i * 0.618) % 1 - 0.5) * 0.5 * reach : codes[2 * i + 1]);
      if (deviations) {
        context.globalAlpha = 0.3;
        circle(context, x, y, deviations[2 * i] * view.sx, line ? 0.5 : deviations[2 * i + 1] * view.sy);
      }
      context.globalAlpha = 0.9;
      context.beginPath();
      context.arc(x, y, 2.2, 0, 7);
      context.fill();
    });
  });
  context.globalAlpha = 1;
};
