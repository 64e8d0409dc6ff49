// The geometry of codes: what the atlas of a model says of them, axes to move along, and how usual a code is.

const LEVEL = 3; // how far sliders, map and sheet reach, in standard deviations
const SEEN = 2000; // codes that a new one is compared with

// A small generator of its own (mulberry32), so that the same clicks give the same codes; its state goes on.
const makeRandom = (seed) => {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  // A standard normal number no larger than `most`, by trying again (the truncation of Brock et al., 2019).
  const normal = (most = Infinity) => {
    for (;;) {
      const value = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
      if (Math.abs(value) <= most) return value;
    }
  };
  return { uniform, normal };
};

// The inverse of the standard normal distribution function (Acklam, 2003), within 1.2e-9 of its value.
const inverseNormal = (p) => {
  const a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239];
  const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1];
  const c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1];
  const at = (coefficients, x) => coefficients.reduce((sum, each) => sum * x + each, 0);
  if (p > 0.97575) return -inverseNormal(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return at(c, q) / at(d, q);
  }
  const q = p - 0.5;
  return (q * at(a, q * q)) / at(b, q * q);
};

const dot = (a, b, from = 0) => {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += a[from + i] * b[i];
  return sum;
};

// The code at t of the way: on the straight line, or on the great circle (White, 2016), where the length of the code
// goes straight from that of A to that of B, so that it does not fall through the middle. As `circle` in
// genlib/latent/directions.py, which makes the film of the same way.
const between = (a, b, t, circle) => {
  const line = a.map((x, j) => (1 - t) * x + t * b[j]);
  const [from, to] = [Math.sqrt(dot(a, a)), Math.sqrt(dot(b, b))];
  if (!circle || !from || !to) return line;
  const [first, last] = [a.map((x) => x / from), b.map((x) => x / to)];
  const across = (row, along = dot(row, first)) => row.map((x, j) => x - along * first[j]);
  const size = (row) => Math.sqrt(dot(row, row));
  let aside = across(last);
  const sine = size(aside);
  // Opposite or the same: any direction across will do, so that of the coordinate that is least along the first.
  if (sine < 1e-12) {
    const lengths = first.map(Math.abs);
    const least = lengths.indexOf(Math.min(...lengths));
    aside = first.map((_, j) => +(j === least));
  }
  aside = across(aside);
  const wide = size(aside);
  if (!wide) return line; // a code of one number has no circle
  const angle = t * Math.atan2(sine, dot(first, last));
  const length = (1 - t) * from + t * to;
  return first.map((x, j) => length * (Math.cos(angle) * x + (Math.sin(angle) * aside[j]) / wide));
};

// The Cholesky factor of the covariance of codes, (n, d) row by row: the lower triangle, (d, d).
const spreadOf = (codes, mean, d) => {
  const n = codes.length / d;
  const factor = new Float64Array(d * d);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < d; j++) {
      const a = codes[i * d + j] - mean[j];
      for (let k = 0; k <= j; k++) factor[j * d + k] += (a * (codes[i * d + k] - mean[k])) / n;
    }
  const least = 1e-6 * Math.max(...Array.from({ length: d }, (_, j) => factor[j * d + j]), 1e-9);
  for (let j = 0; j < d; j++)
    for (let k = 0; k <= j; k++) {
      let sum = factor[j * d + k];
      for (let m = 0; m < k; m++) sum -= factor[j * d + m] * factor[k * d + m];
      factor[j * d + k] = j === k ? Math.sqrt(Math.max(sum, least)) : sum / factor[k * d + k];
    }
  return factor;
};

// What code x would be if all codes had mean 0 and covariance 1: L y = x - mean.
const whitened = (factor, mean, x) => {
  const d = mean.length;
  const y = new Float64Array(d);
  for (let j = 0; j < d; j++) {
    let sum = x[j] - mean[j];
    for (let k = 0; k < j; k++) sum -= factor[j * d + k] * y[k];
    y[j] = sum / factor[j * d + j];
  }
  return y;
};

// Axes to move along: `rows[i]` is what a code gains when slider i moves by one, `read(z)` says where the sliders
// stand. Coordinates count from 0 in their own unit, directions from the mean in standard deviations.
const coordinateAxes = (atlas, order, prior) => ({
  kind: "coordinate",
  names: order.map((i) => `z${i + 1}`),
  ranges: order.map((i) => (prior ? [-LEVEL, LEVEL] : [atlas.mean[i] - LEVEL * atlas.deviation[i], atlas.mean[i] + LEVEL * atlas.deviation[i]])),
  rows: order.map((i) => Float64Array.from(atlas.mean, (_, j) => (i === j ? 1 : 0))),
  read: (z) => order.map((i) => z[i]),
});

const directionAxes = (atlas) => {
  const d = atlas.mean.length;
  const rows = Array.from({ length: atlas.directions.length / d }, (_, i) => Float64Array.from(atlas.directions.subarray(i * d, (i + 1) * d)));
  const white = rows.map((row) => whitened(atlas.factor, new Float64Array(d), row));
  return {
    kind: "direction",
    names: rows.map((_, i) => `direction ${i + 1}`),
    ranges: rows.map(() => [-LEVEL, LEVEL]),
    rows,
    read: (z) => {
      const y = whitened(atlas.factor, atlas.mean, z);
      return white.map((row) => dot(y, row));
    },
  };
};

// Where a code stands among others: -log p under the prior, where there is one, and the share of codes that lie
// nearer to the middle: of codes drawn from the prior, or else of test images.
const makeDepth = (atlas, prior) => {
  const d = atlas.mean.length;
  const random = makeRandom(1);
  const far = prior ? (z) => dot(z, z) : (z) => whitened(atlas.factor, atlas.mean, z).reduce((sum, y) => sum + y * y, 0);
  const n = Math.min(SEEN, atlas.codes.length / d);
  const others = Float64Array.from({ length: n }, (_, i) => far(prior ? Float64Array.from({ length: d }, () => random.normal()) : atlas.codes.subarray(i * d, (i + 1) * d))).sort();
  return (z) => {
    const mine = far(z);
    let low = 0;
    for (let high = n; low < high; ) {
      const middle = (low + high) >> 1;
      if (others[middle] < mine) low = middle + 1;
      else high = middle;
    }
    return { share: low / n, logp: prior ? -0.5 * (mine + d * Math.log(2 * Math.PI)) : null };
  };
};
