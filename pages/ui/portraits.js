// Portraits: a face that follows the hand, what else changes with it, and the photograph that is most like it.

const [WIDE, STRIP_TILES, REACH] = [64, 7, 3]; // pixels of a face; faces in a strip; standard deviations a slider goes
const [FIRST, USUAL] = [8, 2]; // seed of the faces; standard deviations beyond which a number of a code is drawn again
const AREA = WIDE * WIDE;
const BUDGET = 7; // milliseconds of a frame for the strips, after the face itself is drawn
const SETTLED = 250; // milliseconds without a movement before the server is told

const portraits = new WeakMap();

// A reading of a face, as genlib.portraits.readings has it.
const reading = (kind, weights, from, x) => {
  let sum = 0;
  for (let i = 0; i < AREA; i++) sum += weights[from + i] * x[i];
  if (kind === "mean") return sum;
  let squares = 0;
  for (let i = 0; i < AREA; i++) squares += weights[from + i] * (x[i] - sum) ** 2;
  return Math.sqrt(squares);
};

// The photograph among the first n that differs least, pixel by pixel; the distance in grey levels, root mean squared.
const mostLike = (photographs, n, x) => {
  let [best, which] = [Infinity, 0];
  for (let k = 0; k < n; k++) {
    let sum = 0;
    for (let i = 0, at = k * AREA; i < AREA && sum < best; i++, at++) sum += (photographs[at] - 255 * x[i]) ** 2;
    if (sum < best) [best, which] = [sum, k];
  }
  return { which, distance: Math.sqrt(best / AREA) };
};

const person = (k) => `person ${Math.floor(k / 10) + 1}, photograph ${(k % 10) + 1}`;

const makePortraits = (root, way) => {
  const host = root.querySelector(".portraits");
  const ask = (selector) => host.querySelector(selector);
  const page = { host, ask, random: makeRandom(FIRST), way, changes: [], work: null };
  const image = ask(".image").getContext("2d");
  let [queued, timer] = [false, 0];

  const now = () => {
    const rows = page.arrays[page.way];
    return page.start.map((x, j) => page.changes.reduce((sum, by, i) => sum + by * rows[i * page.d + j], x));
  };
  const draw = () => {
    queued = false;
    const begun = performance.now();
    const z = now();
    const face = page.decoder.decode(z);
    tile(image, face, 0, 0);
    host.dataset.took = (performance.now() - begun).toFixed(2);
    host.dataset.z = Array.from(z.slice(0, 4), (x) => x.toFixed(4)).join(" ");
    page.face = face.slice();
    page.sliders.forEach((slider, i) => {
      slider.input.value = page.changes[i];
      slider.output.textContent = minus(page.changes[i], 1);
    });
    tellReadings(page);
    page.work = strips(page, z);
    carryOn();
  };
  const carryOn = () => {
    const end = performance.now() + BUDGET;
    const { work } = page;
    while (work && performance.now() < end)
      if (work.next().done) {
        page.work = null;
        host.dataset.state = "whole";
        return;
      }
    if (work && host.isConnected) requestAnimationFrame(() => work === page.work && carryOn());
  };
  const tell = () => {
    tellNearest(page);
    // A face rests where the address can tell it, so that its link shows the same to the last pixel.
    const [z, moved] = [now().map((x) => Number(x.toFixed(3))), page.changes.map((by) => Number(by.toFixed(2)))];
    page.sit(z, moved);
    page.send("face", { z, moved, way: page.way });
  };
  // A face to which the sliders have led; where they began is where they lead back to.
  page.sit = (z, moved) => {
    const rows = page.arrays[page.way];
    page.start = z.map((x, j) => moved.reduce((sum, by, i) => sum - by * rows[i * page.d + j], x));
    page.changes = moved.slice();
    page.began = readings(page, page.decoder.decode(page.start));
    draw();
  };
  // `quiet` is a face that the server knows of.
  page.redraw = (quiet) => {
    if (!queued) requestAnimationFrame(draw);
    queued = true;
    host.dataset.state = "drawing";
    clearTimeout(timer);
    timer = setTimeout(quiet ? () => tellNearest(page) : tell, SETTLED);
  };
  // Another face, from which changes count.
  page.begin = (z, words, quiet) => {
    page.start = Array.from(z);
    page.words = words;
    page.changes = page.sliders.map(() => 0);
    page.began = readings(page, page.decoder.decode(page.start));
    page.redraw(quiet);
  };
  page.change = (i, value) => {
    page.changes[i] = value;
    page.redraw();
  };
  const act = {
    random: () => page.begin(drawn(page), "A face that the model made up."),
    mean: () => page.begin(page.arrays.mean, "The mean of all codes: nobody, and a little of everybody."),
    somebody: () => {
      const k = Math.floor(page.random.uniform() * (page.arrays.codes.length / page.d));
      const known = k < page.told.learnt ? "learnt from this photograph" : "never saw this person";
      page.begin(page.arrays.codes.subarray(k * page.d, (k + 1) * page.d), `The model's own drawing of ${person(k)}; it ${known}.`);
    },
    reset: () => page.begin(page.start, page.words),
    png: () => save(ask(".image"), "portrait.png", 8),
  };
  host.querySelectorAll("[data-act]").forEach((button) => (button.onclick = () => page.decoder && act[button.dataset.act]()));
  host.querySelectorAll("[data-way]").forEach((button) => {
    button.onclick = () => {
      page.way = button.dataset.way;
      host.querySelectorAll("[data-way]").forEach((each) => each.setAttribute("aria-pressed", each === button));
      if (page.decoder) page.redraw();
    };
    button.setAttribute("aria-pressed", button.dataset.way === page.way);
  });
  return page;
};

// A code from the Gaussian of the photographs' codes.
const drawn = ({ d, arrays, random }) => {
  const noise = Float64Array.from({ length: d }, () => random.normal(USUAL));
  return Array.from({ length: d }, (_, j) => {
    let sum = arrays.mean[j];
    for (let k = 0; k <= j; k++) sum += arrays.factor[j * d + k] * noise[k];
    return sum;
  });
};

const readings = ({ arrays, sliders }, face) => sliders.map(({ kind }, i) => (reading(kind, arrays.weights, i * AREA, face) - arrays.centre[i]) / arrays.unit[i]);

const tellReadings = (page) => {
  readings(page, page.face).forEach((value, i) => {
    const { bar, mark, read } = page.sliders[i];
    const place = (x) => `${50 + (50 * clamp(x, -4, 4)) / 4}%`;
    const [low, high] = [Math.min(0, value - page.began[i]), Math.max(0, value - page.began[i])].map((by) => by + page.began[i]);
    bar.style.left = place(low);
    bar.style.width = `calc(${place(high)} - ${place(low)})`;
    mark.style.left = place(page.began[i]);
    read.textContent = minus(value, 1);
  });
};

const tellNearest = (page) => {
  const { which, distance } = mostLike(page.arrays.photographs, page.told.learnt, page.face);
  const photograph = page.arrays.photographs.subarray(which * AREA, (which + 1) * AREA);
  tile(page.ask(".near canvas").getContext("2d"), Float32Array.from(photograph, (x) => x / 255), 0, 0);
  const copy = distance < page.told.copy;
  const verdict = copy
    ? `As near as another photograph of the same person would be (${page.told.copy.toFixed(0)}): a likeness, or a blur.`
    : `Farther than another photograph of the same person usually is (${page.told.copy.toFixed(0)}): a new face.`;
  page.ask(".near p").textContent = `${distance.toFixed(0)} grey levels from ${person(which)}. ${verdict}`;
  const read = readings(page, page.face).map((value, i) => `${page.told.readings[i].name} ${minus(value, 1)}`);
  page.ask(".image").setAttribute("aria-label", `The face that the model draws, in standard deviations of the photographs: ${read.join(", ")}`);
  page.ask(".near canvas").setAttribute("aria-label", `The photograph most like the face: ${person(which)}, ${distance.toFixed(0)} grey levels away`);
  page.host.dataset.near = `${which} ${distance.toFixed(2)}`;
  page.ask(".facts").textContent = page.words;
};

// What each slider would make of the face, one face at a time, so that a hand that moves on never waits.
const strips = function* (page, z) {
  for (const [i, slider] of page.sliders.entries()) {
    const context = slider.canvas.getContext("2d");
    for (let t = 0; t < STRIP_TILES; t++) {
      const by = REACH * ((2 * t) / (STRIP_TILES - 1) - 1) - page.changes[i];
      const row = page.arrays[page.way].subarray(i * page.d, (i + 1) * page.d);
      tile(context, page.decoder.decode(z.map((x, j) => x + by * row[j])), WIDE * t, 0);
      yield;
    }
  }
};

const makeRows = (page) => {
  page.ask(".sliders").textContent = "";
  page.sliders = page.told.readings.map(({ name, more, kind }, i) => {
    const box = page.ask(".sliders").appendChild(document.createElement("div"));
    box.className = "slider";
    box.innerHTML = `<span class="of"></span><span class="track"><canvas width="${STRIP_TILES * WIDE}" height="${WIDE}" aria-hidden="true"></canvas><input type="range" step="any" min="${-REACH}" max="${REACH}"></span><output></output><span class="scale"><i></i><b></b></span><output class="read"></output>`;
    const own = (selector) => box.querySelector(selector);
    own(".of").textContent = name;
    box.title = `To the right: ${more}`;
    const slider = { kind, canvas: own("canvas"), input: own("input"), output: own("output"), bar: own("i"), mark: own("b"), read: own(".read") };
    slider.input.setAttribute("aria-label", `${name}: to the right ${more}`);
    slider.input.oninput = () => page.change(i, slider.input.valueAsNumber);
    slider.input.onkeydown = (event) => {
      const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 }[event.key];
      if (!step) return;
      event.preventDefault();
      page.change(i, clamp(page.changes[i] + 0.1 * step, -REACH, REACH));
    };
    return slider;
  });
};

const open = async (page, { z, moved }) => {
  try {
    const { told, arrays } = unpack(await get("genlib/portraits"));
    [page.told, page.arrays, page.decoder] = [told, arrays, makeDecoder("portraits", { told, arrays })];
    page.d = told.latent_dim;
    makeRows(page);
    if (z) {
      page.begin(z, "The face of the address.", true);
      if (moved) page.sit(z, moved);
    } else page.begin(drawn(page), "A face that the model made up.", true);
  } catch (error) {
    page.host.dataset.state = "failed";
    page.ask(".now").textContent = error.message;
  }
};

export default function ({ data, parentElement: root, setStateValue }) {
  const page = portraits.get(root) || makePortraits(root, data.way);
  page.send = setStateValue;
  if (!portraits.has(root)) open(page, data);
  portraits.set(root, page);
}
