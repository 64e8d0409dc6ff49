// A canvas whose digit is made here and now: the code drifts from stop to stop, follows the hand, and may be asked for
// a class.

const LEG = 2600; // milliseconds from one stop to the next
const REACH = 3; // standard deviations from the middle that a hand moves a code along each of its two directions
const SPAN = 5; // of which so many lie across the canvas
const BY_KEY = 0.25;

// Slow at both ends, so that the eye has time for the digit at each stop.
const eased = (t) => t * t * (3 - 2 * t);

// changed(): whenever the picture is out of date.
const makeLiving = (canvas, told, changed) => {
  const context = canvas.getContext("2d");
  const stops = told.stops.map((row) => Float64Array.from(row));
  const living = { canvas, told, z: stops[0], label: told.label || 0, decoder: null, held: false };
  let [from, next, t] = [stops[0], 1, 0];

  // The still that came with the page is decoded from the first stop, and stands until the decoder is here.
  tile(context, Float32Array.from(bytes(told.first), (byte) => byte / 255), 0, 0);
  living.load = async () => {
    const decoder = await loadDecoder(told.name);
    if (decoder.fallback) throw new Error(decoder.error);
    living.decoder = decoder;
  };
  // A code that stays can be read, too.
  living.draw = (stays) => {
    tile(context, living.decoder.decode(living.z, living.label), 0, 0);
    canvas.dataset.z = stays ? Array.from(living.z, (x) => +x.toFixed(6)).join() : "";
  };
  living.drift = (milliseconds) => {
    if (living.held) return;
    t += milliseconds / LEG;
    if (t >= 1) [from, next, t] = [stops[next], (next + 1) % stops.length, t % 1];
    living.z = between(from, stops[next], eased(t), told.circle);
  };
  // From wherever the code is now the drift goes on.
  const set = (z) => {
    [living.z, from, t] = [z, z, 0];
    changed();
  };
  living.jump = () => {
    set(stops[next]);
    next = (next + 1) % stops.length;
  };
  // So many standard deviations from code z along each direction, but no farther out than codes lie.
  const lead = (z, by) => {
    const away = z.map((x, j) => x - told.mean[j]);
    const moves = told.reads.map((read, i) => {
      const at = dot(away, read);
      return clamp(at + by[i], Math.min(at, -REACH), Math.max(at, REACH)) - at;
    });
    set(z.map((x, j) => x + moves[0] * told.axes[0][j] + moves[1] * told.axes[1][j]));
  };
  let grip = null;
  canvas.onpointerdown = (event) => {
    if (!living.decoder || event.button) return;
    canvas.setPointerCapture(event.pointerId);
    grip = { x: event.clientX, y: event.clientY, z: living.z };
    living.held = true;
  };
  canvas.onpointermove = (event) => {
    if (!grip) return;
    const scale = SPAN / canvas.clientWidth;
    lead(grip.z, [(event.clientX - grip.x) * scale, (grip.y - event.clientY) * scale]);
  };
  canvas.onlostpointercapture = () => {
    grip = null;
    living.held = false;
  };
  canvas.onkeydown = (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
    if (!by || !living.decoder) return;
    event.preventDefault();
    lead(living.z, by.map((x) => x * BY_KEY));
  };
  return living;
};

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
