// Decoders, evaluated here: from a code to pixels. Numbers only, no page and no drawing.
//
// Images between two operations lie with the channels of a pixel beside each other, so that the innermost loops run
// over memory that is contiguous; what is not an image is a plain row of numbers.

const PIXELS = 784;
const WINDOW = 4; // of a transposed convolution, whose steps are 2 and whose frame is 1
const TOGETHER = 8; // inputs that are added in one go, so that the result is read and written once for them
const [LONGEST, MOST] = [6000, 256]; // characters of codes in one address, of which servers on the way take 8,000; codes

const product = (shape) => shape.reduce((a, b) => a * b, 1);

// y[at ...] += the inputs from number n on, each times its row of weights, which begins `past` behind rows[n].
const add = (y, at, width, w, { rows, values }, n, past) => {
  const [a, b, c, d] = [rows[n] + past, rows[n + 1] + past, rows[n + 2] + past, rows[n + 3] + past];
  const [e, f, g, h] = [rows[n + 4] + past, rows[n + 5] + past, rows[n + 6] + past, rows[n + 7] + past];
  const [xa, xb, xc, xd] = [values[n], values[n + 1], values[n + 2], values[n + 3]];
  const [xe, xf, xg, xh] = [values[n + 4], values[n + 5], values[n + 6], values[n + 7]];
  for (let t = 0; t < width; t++)
    y[at + t] += xa * w[a + t] + xb * w[b + t] + xc * w[c + t] + xd * w[d + t] + (xe * w[e + t] + xf * w[f + t] + xg * w[g + t] + xh * w[h + t]);
};

// The inputs that are not 0, with where their rows of weights begin; after ReLU half of them are left out. Their number
// is filled up with zeros to what is added in one go.
const makeLive = (inputs, stride) => {
  const live = { n: 0, rows: new Int32Array(inputs + TOGETHER), values: new Float64Array(inputs + TOGETHER) };
  live.gather = (x, from) => {
    let n = 0;
    for (let i = 0; i < inputs; i++) {
      const value = x[from + i];
      if (value !== 0) {
        live.values[n] = value;
        live.rows[n++] = i * stride;
      }
    }
    for (; n % TOGETHER; n++) live.values[n] = live.rows[n] = 0;
    live.n = n;
  };
  return live;
};

const linear = ({ weight, bias }, [inputs], [outputs]) => {
  const rows = new Float32Array(inputs * outputs); // one for each input
  for (let o = 0; o < outputs; o++) for (let i = 0; i < inputs; i++) rows[i * outputs + o] = weight[o * inputs + i];
  const [y, live] = [new Float64Array(outputs), makeLive(inputs, outputs)];
  return (x) => {
    y.set(bias);
    live.gather(x, 0);
    for (let n = 0; n < live.n; n += TOGETHER) add(y, 0, outputs, rows, live, n, 0);
    return y;
  };
};

// Each pixel stamps its window into the image twice as large; a row of the window is contiguous there and in `rows`.
const convTranspose = ({ weight, bias }, [inputs, height, width], [outputs]) => {
  const row = WINDOW * outputs;
  const rows = new Float32Array(weight.length); // (inputs, 4, 4, outputs)
  const taps = WINDOW * WINDOW;
  for (let c = 0; c < inputs; c++)
    for (let o = 0; o < outputs; o++)
      for (let tap = 0; tap < taps; tap++) rows[(c * taps + tap) * outputs + o] = weight[(c * outputs + o) * taps + tap];
  const line = (2 * width + 2) * outputs; // with the frame, which is cut off
  const framed = new Float64Array((2 * height + 2) * line);
  const y = new Float64Array(4 * height * width * outputs);
  const live = makeLive(inputs, WINDOW * row);
  return (x) => {
    framed.fill(0);
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) {
        live.gather(x, (i * width + j) * inputs);
        for (let n = 0; n < live.n; n += TOGETHER)
          for (let k = 0; k < WINDOW; k++) add(framed, (2 * i + k) * line + 2 * j * outputs, row, rows, live, n, k * row);
      }
    for (let i = 0, to = 0; i < 2 * height; i++)
      for (let j = 0, from = (i + 1) * line + outputs; j < 2 * width; j++)
        for (let o = 0; o < outputs; o++) y[to++] = framed[from++] + bias[o];
    return y;
  };
};

// A label is a digit, or ten shares, one of each digit: between two digits.
const shift = ({ table }, [width]) => (x, label) => {
  for (let digit = 0; digit < 10; digit++) {
    const share = typeof label === "number" ? +(label === digit) : label[digit];
    if (share) for (let i = 0; i < width; i++) x[i] += share * table[digit * width + i];
  }
  return x;
};

// Where in memory the numbers of an array of this shape lie, in their order.
const places = (shape) => {
  const [channels, pixels] = shape.length === 3 ? [shape[0], shape[1] * shape[2]] : [1, product(shape)];
  return Int32Array.from({ length: channels * pixels }, (_, i) => (i % pixels) * channels + Math.floor(i / pixels));
};

const reshape = (_, before, after) => {
  const [from, to, y] = [places(before), places(after), new Float64Array(product(after))];
  return (x) => {
    for (let i = 0; i < y.length; i++) y[to[i]] = x[from[i]];
    return y;
  };
};

// A drawing of side x side, then the handles by which it is bent: each pixel shows what lies where the field points,
// between pixels interpolated linearly; beyond the edge lies what lies at the edge.
const bend = ({ basis, reach }, _, [, side]) => {
  const grid = basis.length / side;
  const [area, along] = [side * side, new Float64Array(side * grid)];
  const [fields, y] = [[new Float64Array(area), new Float64Array(area)], new Float64Array(area)];
  // Handles (grid, grid) to a field (side, side): the spline along one axis, then along the other.
  const spread = (x, from, field) => {
    along.fill(0);
    field.fill(0);
    for (let i = 0; i < side; i++)
      for (let k = 0; k < grid; k++) {
        const weight = basis[i * grid + k];
        if (weight) for (let l = 0; l < grid; l++) along[i * grid + l] += weight * x[from + k * grid + l];
      }
    for (let j = 0; j < side; j++)
      for (let l = 0; l < grid; l++) {
        const weight = basis[j * grid + l];
        if (weight) for (let i = 0; i < side; i++) field[i * side + j] += weight * along[i * grid + l];
      }
  };
  return (x) => {
    for (let i = area; i < x.length; i++) x[i] = reach[0] * Math.tanh(x[i]);
    fields.forEach((field, axis) => spread(x, area + axis * grid * grid, field));
    for (let i = 0, at = 0; i < side; i++)
      for (let j = 0; j < side; j++, at++) {
        const across = Math.min(side - 1, Math.max(0, j + fields[0][at]));
        const down = Math.min(side - 1, Math.max(0, i + fields[1][at]));
        const [left, top] = [Math.floor(across), Math.floor(down)];
        const right = Math.min(left + 1, side - 1);
        const [upper, lower] = [top * side, Math.min(top + 1, side - 1) * side];
        const [a, b] = [across - left, down - top];
        y[at] = (1 - b) * ((1 - a) * x[upper + left] + a * x[upper + right]) + b * ((1 - a) * x[lower + left] + a * x[lower + right]);
      }
    return y;
  };
};

const OPERATIONS = {
  linear,
  bend,
  shift,
  reshape,
  conv_transpose: convTranspose,
  relu: () => (x) => {
    for (let i = 0; i < x.length; i++) if (x[i] < 0) x[i] = 0;
    return x;
  },
  silu: () => (x) => {
    for (let i = 0; i < x.length; i++) x[i] /= 1 + Math.exp(-x[i]);
    return x;
  },
  sigmoid: () => (x) => {
    for (let i = 0; i < x.length; i++) x[i] = 1 / (1 + Math.exp(-x[i]));
    return x;
  },
  clamp: () => (x) => {
    for (let i = 0; i < x.length; i++) x[i] = Math.min(1, Math.max(0, x[i]));
    return x;
  },
};

const get = async (address) => {
  const answer = await fetch(new URL(address, document.baseURI)).catch(() => null);
  if (!answer) throw new Error("The server cannot be reached: try again in a moment.");
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error || "The server could not answer: reload the page.");
  return answer.arrayBuffer();
};
const modelAddress = (name, rest) => `genlib/models/${encodeURIComponent(name)}/${rest}`;

// Images of codes as the server's worker decodes them, each a Float32Array of 784 in [0, 1].
const fetchImages = async (name, codes, label) => {
  const digit = typeof label === "number" ? label : label.indexOf(Math.max(...label)); // that takes whole digits
  const texts = codes.map((z) => Array.from(z, (value) => +value.toPrecision(7)).join(","));
  const images = [];
  for (let from = 0, to; from < texts.length; from = to) {
    let length = 0;
    for (to = from; to < texts.length && to - from < MOST && (to === from || length + texts[to].length < LONGEST); to++) length += texts[to].length + 1;
    const bytes = new Uint8Array(await get(modelAddress(name, `decode?z=${texts.slice(from, to).join(";")}&label=${digit}`)));
    for (let i = 0; i < to - from; i++) images.push(Float32Array.from(bytes.subarray(i * PIXELS, (i + 1) * PIXELS), (byte) => byte / 255));
  }
  return images;
};

// What the server sends of a model: a length, JSON, and a safetensors file.
const unpack = (buffer) => {
  const start = 4 + new DataView(buffer).getUint32(0, true);
  const told = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, start - 4)));
  return { told, arrays: told.fallback ? {} : safetensors(buffer, start, buffer.byteLength - start) };
};

const makeDecoder = (name, { told, arrays }) => {
  const decoder = {
    name,
    family: told.family,
    latentDim: told.latent_dim,
    labels: told.labels,
    step: told.step,
    fallback: Boolean(told.fallback), // only the server can decode: decode() is missing
    error: told.error || "",
    fetchImages: (codes, label = 0) => fetchImages(name, codes, label),
  };
  if (decoder.fallback) return decoder;
  const code = new Float64Array(told.latent_dim);
  const picture = new Float32Array(product(told.operations.at(-1).shape));
  let before = [told.latent_dim];
  const steps = told.operations.map(({ kind, shape, arrays: own }, i) => {
    const step = OPERATIONS[kind](Object.fromEntries(Object.keys(own).map((key) => [key, arrays[`${i}.${key}`]])), before, shape);
    before = shape;
    return step;
  });
  // The image of a code, a number in [0, 1] for each pixel, in a buffer that the next call overwrites.
  decoder.decode = (z, label = 0) => {
    for (let i = 0; i < code.length; i++) code[i] = z[i];
    let x = code;
    for (const step of steps) x = step(x, label);
    picture.set(x);
    return picture;
  };
  return decoder;
};

// Both fail with one sentence.
const loadDecoder = async (name) => makeDecoder(name, unpack(await get(modelAddress(name, "decoder"))));
const loadAtlas = async (name) => {
  const buffer = await get(modelAddress(name, "atlas"));
  return safetensors(buffer, 0, buffer.byteLength);
};
