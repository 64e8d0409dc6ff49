// A Gaussian mixture over points in the plane. Frames carry parameters only; responsibilities, ellipses and density
// are computed here. Position 2t is the E-step under the parameters of iteration t; 2t + 1 the M-step that follows.

// Rows of six numbers, a component each: weight, mean x y, covariance xx xy yy.
const mixtureParts = (flat) =>
  Array.from({ length: flat.length / 6 }, (_, k) => {
    const [weight, mx, my, xx, xy, yy] = flat.subarray(6 * k, 6 * k + 6);
    const det = Math.max(xx * yy - xy * xy, 1e-30);
    return { weight, mx, my, xx, xy, yy, ix: yy / det, iy: xx / det, ixy: -xy / det, norm: Math.log(Math.max(weight, 1e-300)) - 0.5 * Math.log(det) - Math.log(2 * Math.PI) };
  });

const unpackMixture = (panel) => {
  const K = panel.components;
  const flat = floats(panel.parameters);
  return { K, last: flat.length / (6 * K) - 1, at: (t) => mixtureParts(flat.subarray(6 * t * K, 6 * (t + 1) * K)), curve: panel.curve };
};

const logJoint = (c, x, y) => {
  const dx = x - c.mx;
  const dy = y - c.my;
  return c.norm - 0.5 * (c.ix * dx * dx + 2 * c.ixy * dx * dy + c.iy * dy * dy);
};

const softColour = (parts, palette, x, y) => {
  let top = -Infinity;
  const logs = parts.map((c) => {
    const value = logJoint(c, x, y);
    if (value > top) top = value;
    return value;
  });
  let [r, g, b, sum] = [0, 0, 0, 0];
  for (let k = 0; k < logs.length; k++) {
    const share = Math.exp(logs[k] - top);
    const colour = palette[k % palette.length];
    r += share * colour[0];
    g += share * colour[1];
    b += share * colour[2];
    sum += share;
  }
  return `rgb(${(r / sum) | 0},${(g / sum) | 0},${(b / sum) | 0})`;
};

// Filled contours: the density on a coarse grid, in bands of equal steps of the square root, painted per cell.
const paintDensity = (context, parts, view, colours) => {
  const cell = 4;
  const columns = Math.ceil(view.width / cell);
  const rows = Math.ceil(view.height / cell);
  const values = new Float32Array(columns * rows);
  let top = 0;
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < columns; i++) {
      const [x, y] = [view.x((i + 0.5) * cell), view.y((j + 0.5) * cell)];
      let sum = 0;
      for (const c of parts) sum += Math.exp(logJoint(c, x, y));
      values[j * columns + i] = sum;
      if (sum > top) top = sum;
    }
  const bands = 9;
  context.fillStyle = colours.text;
  for (let at = 0; at < values.length; at++) {
    const band = Math.floor(bands * Math.sqrt(values[at] / (top || 1)));
    if (!band) continue;
    context.globalAlpha = 0.055 * band;
    context.fillRect((at % columns) * cell, Math.floor(at / columns) * cell, cell, cell);
  }
  context.globalAlpha = 1;
};

const paintEllipses = (context, parts, view, colours, palette) => {
  parts.forEach((c, k) => {
    // The Cholesky factor turns a circle into the ellipse, whatever the scales of the axes.
    const a = Math.sqrt(c.xx);
    const b = c.xy / a;
    const d = Math.sqrt(Math.max(c.yy - b * b, 0));
    const colour = `rgb(${palette[k % palette.length].join(",")})`;
    for (const sigma of [1, 2])
      for (const [stroke, thick] of [[colours.ground, 5], [colour, 2.5]]) {
        context.strokeStyle = stroke;
        context.globalAlpha = stroke === colour ? 1 : 0.6;
        context.lineWidth = sigma === 1 ? thick : thick - 1;
        context.setLineDash(sigma === 1 ? [] : [7, 5]);
        context.beginPath();
        for (let turn = 0; turn <= 72; turn++) {
          const [u, v] = [sigma * Math.cos((turn * Math.PI) / 36), sigma * Math.sin((turn * Math.PI) / 36)];
          context[turn ? "lineTo" : "moveTo"](view.px(c.mx + a * u), view.py(c.my + b * u + d * v));
        }
        context.stroke();
      }
    context.globalAlpha = 1;
    context.setLineDash([]);
    const badge = clamp(Math.max(view.sx * a, view.sy * Math.sqrt(c.yy)), 7, 10);
    context.font = `bold ${badge + 3}px ${colours.font}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = colours.ground;
    context.beginPath();
    context.arc(view.px(c.mx), view.py(c.my), badge, 0, 7);
    context.fill();
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.stroke();
    context.fillStyle = colours.text;
    context.fillText(k + 1, view.px(c.mx), view.py(c.my) + 0.5);
  });
};

// The plane on a canvas, with one scale for both axes unless their units are far apart. box: [x0, x1, y0, y1].
const planeView = (box, width, height) => {
  let [sx, sy] = [width / (box[1] - box[0]), height / (box[3] - box[2])];
  if (Math.max(sx / sy, sy / sx) < 8) sx = sy = Math.min(sx, sy);
  const [cx, cy] = [(box[0] + box[1]) / 2, (box[2] + box[3]) / 2];
  return {
    width, height, sx, sy,
    px: (x) => width / 2 + (x - cx) * sx,
    py: (y) => height / 2 - (y - cy) * sy,
    x: (px) => cx + (px - width / 2) / sx,
    y: (py) => cy - (py - height / 2) / sy,
  };
};

// A few numbers along the lower and the left edge.
const paintAxes = (context, view, colours) => {
  context.font = `11px ${colours.font}`;
  context.fillStyle = colours.text;
  context.globalAlpha = 0.6;
  context.textAlign = "center";
  context.textBaseline = "bottom";
  for (const [tick, text] of tickTexts(niceTicks(view.x(40), view.x(view.width - 15), view.width / 110)))
    context.fillText(text, view.px(tick), view.height - 3);
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const [tick, text] of tickTexts(niceTicks(view.y(view.height - 24), view.y(10), view.height / 80)))
    context.fillText(text, 4, view.py(tick));
  context.globalAlpha = 1;
};

const paintMixture = (canvas, ratio, mixture, position, scene, colours) => {
  const { context, width, height } = fit(canvas, ratio);
  const view = planeView(scene.box, width, height);
  const p = clamp(position, 0, 2 * mixture.last);
  const owners = mixture.at(Math.floor(p / 2));
  const parts = mixture.at(Math.ceil(p / 2));
  const palette = scene.palette;
  if (width > 330) paintAxes(context, view, colours);
  if (scene.layers.density) paintDensity(context, parts, view, colours);
  if (scene.layers.points) {
    const n = scene.points.length / 2;
    const radius = clamp(110 / Math.sqrt(n), 1.6, 5) * Math.sqrt(clamp(width / 700, 0.4, 1));
    context.globalAlpha = 0.8;
    for (let i = 0; i < n; i++) {
      const [x, y] = [scene.points[2 * i], scene.points[2 * i + 1]];
      context.fillStyle = softColour(owners, palette, x, y);
      context.beginPath();
      context.arc(view.px(x), view.py(y), i < scene.emphasis ? radius + 2 : radius, 0, 7);
      context.fill();
    }
    context.globalAlpha = 1;
  }
  if (scene.layers.ellipses) paintEllipses(context, parts, view, colours, palette);
  return { view, parts };
};
