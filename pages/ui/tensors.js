// Arrays as the server sends them: safetensors files, with half precision unpacked.

const ARRAYS = { U8: Uint8Array, F16: Uint16Array, F32: Float32Array };

// Half precision as single: its bits in their new places, and a product, which is exact, for the other zero of the
// exponent.
const unpacked = (halves) => {
  const singles = new Float32Array(halves.length);
  const bits = new Uint32Array(singles.buffer);
  for (let i = 0; i < halves.length; i++) bits[i] = ((halves[i] & 0x8000) << 16) | ((halves[i] & 0x7fff) << 13);
  for (let i = 0; i < singles.length; i++) singles[i] *= 2 ** 112;
  return singles;
};

// The arrays of a safetensors file: a length, a header of JSON, and the bytes.
const safetensors = (buffer, start, length) => {
  const headed = Number(new DataView(buffer, start, 8).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, start + 8, headed)));
  const found = {};
  for (const [name, { dtype, data_offsets: [from, to] }] of Object.entries(header)) {
    const at = start + 8 + headed;
    if (!ARRAYS[dtype] || at + to > start + length) continue;
    const array = new ARRAYS[dtype](buffer.slice(at + from, at + to));
    found[name] = dtype === "F16" ? unpacked(array) : array;
  }
  return found;
};
