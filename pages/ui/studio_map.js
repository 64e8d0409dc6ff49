// The parts of the studio around its digit: opening a model, the map and the pointer on it, what is told of a code,
// nearest training images, and directions that the visitor makes.

const FIRST_SHOWN = 3; // the class whose mean code a model opens at, if there are so many
const PICKED = 60; // test images to pick groups from

// Decoder and atlas are each fetched once; the digit is drawn as soon as both are here.
const open = async (studio) => {
  const { host, data, ask } = studio;
  const { name } = data.model;
  host.dataset.state = "loading";
  ask(".stage").inert = true;
  studio.decoder = studio.atlas = null;
  studio.rest();
  ask(".stage").hidden = false;
  studio.z = null;
  ask(".now").textContent = "Fetching the decoder and the map of the codes. The first time, a run of yours takes some seconds.";
  try {
    const [decoder, atlas] = await Promise.all([loadDecoder(name), loadAtlas(name)]);
    if (studio.data.model.name !== name) return;
    Object.assign(studio, { decoder, atlas, d: decoder.latentDim, prior: data.model.prior, sheetOf: "", shown: FIRST });
  } catch (error) {
    host.dataset.state = "failed";
    ask(".stage").hidden = true;
    ask(".now").textContent = error.message;
    return;
  }
  ask(".stage").inert = false;
  const { atlas, d } = studio;
  // Codes that were drawn vary by chance; what they were drawn from is known.
  const drawn = () => Float64Array.from({ length: d * d }, (_, i) => Number(i % (d + 1) === 0));
  atlas.factor = data.model.encodes ? spreadOf(atlas.codes, atlas.mean, d) : drawn();
  studio.depth = makeDepth(atlas, studio.prior);
  ask("[data-axes]").parentElement.hidden = d <= 2;
  host.classList.toggle("flat", d <= 2);
  ask(".arithmetic").open = false;
  chooseAxes(studio, d > 2 ? studio.data.look.axes : "coordinate");
  chooseClasses(studio);
  askClasses(studio);
  tellModel(studio);
  paintMap(studio);
  adopt(studio);
  host.dataset.model = name;
};

// A code that the server sends: of the address, or of an image.
const adopt = (studio) => {
  const { z, label, seen } = studio.data;
  studio.seen = seen;
  chooseClass(studio, label);
  const fits = z && z.length === studio.d;
  studio.moveTo(fits ? z : meanOf(studio, Math.min(FIRST_SHOWN, studio.data.model.classes.length - 1)), Boolean(fits));
};

const meanOf = ({ atlas, d }, label) => atlas.class_means.subarray(label * d, (label + 1) * d);

const tellModel = ({ ask, data, d, prior, decoder, atlas, axes }) => {
  const { encodes, thing, kind } = data.model;
  const n = atlas.labels.length.toLocaleString("en");
  ask(".mapnote").textContent = `${n} ${encodes ? "test images" : "codes from the prior"}, ${d > 2 ? `in the two ${axes.kind}s that change the ${thing} most` : "each at its code"}, ${decoder.labels ? `those of the ${kind} asked for in front` : `coloured and named by ${kind}`}. Drag, or use the arrow keys.`;
  ask(".sheetnote").textContent = `The map as ${thing}s: equal steps of probability, not of length, so each is as likely as its neighbour${prior ? "" : ", if codes lay in a bell curve"}.${d > 2 ? ` The other ${axes.kind}s stay as they are.` : ""}`;
  ask(".sheet").setAttribute("aria-label", `${thing}s over the map`);
  ask("[data-act=random]").title = prior ? "A code from the prior N(0, I)" : "A code from one bell curve around the codes of test images";
  ask(".now").textContent = decoder.fallback ? `This decoder cannot run in the browser, so the server decodes: the ${thing} follows a little later, and strips and sheet are left out.` : "";
};

// Which class a conditional model is asked for.
const askClasses = (studio) => {
  const box = studio.ask(".asked");
  box.hidden = !studio.decoder.labels;
  box.textContent = "";
  const { classes } = studio.data.model;
  box.classList.toggle("named", classes.some((name) => name.length > 1));
  classes.forEach((name, label) => {
    const button = box.appendChild(document.createElement("button"));
    button.type = "button";
    button.textContent = name;
    button.onclick = () => {
      chooseClass(studio, label);
      studio.moveTo(studio.z);
    };
  });
  chooseClass(studio, studio.label);
};

const chooseClass = (studio, label) => {
  studio.label = label;
  if (studio.axes) paintMap(studio);
  [...studio.ask(".asked").children].forEach((button, i) => button.setAttribute("aria-pressed", i === label));
};

// The classes of what the model learned from, wherever one of them is chosen.
const chooseClasses = ({ ask, data, atlas }) => {
  const { classes, thing, train } = data.model;
  const there = new Set(atlas.labels);
  for (const name of ["plus", "minus", "among"]) {
    const select = ask(`[data-of=${name}]`);
    select.textContent = "";
    if (name === "among") option(select, "", `all ${thing}s`);
    classes.forEach((text, i) => there.has(i) && option(select, i, name === "among" ? `only ${text}` : text));
  }
  if (there.size > 1) ask("[data-of=minus]").selectedIndex = 1;
  ask(".between").hidden = there.size < 2;
  ask(".digit h2").textContent = `The ${thing}`;
  ask(".neartold").textContent = `Of the ${train.toLocaleString("en")}, those that differ least from the ${thing}, pixel by pixel; the number is the root mean squared difference of a pixel, in grey levels. A model that only remembers would find its ${thing} here.`;
};

// --- The map ---------------------------------------------------------------------------------------------------------

// Where codes lie on the map: along the first two axes, a square in the unit of the axes.
const project = (studio, z) => {
  const stand = studio.axes.read(z);
  return [stand[0], stand[1] ?? 0];
};

const paintMap = (studio) => {
  const { atlas, d, ask, host, data } = studio;
  const n = atlas.labels.length;
  const flat = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    const [x, y] = project(studio, atlas.codes.subarray(i * d, (i + 1) * d));
    flat[2 * i] = x;
    flat[2 * i + 1] = studio.axes.rows.length > 1 ? y : (i % 40) / 40 - 0.5;
  }
  studio.view = latentMap(ask(".map"), flat, atlas.labels, data.palette, theme(host), studio.decoder.labels ? studio.label : null, data.model.classes);
};

const paintCursor = (studio) => {
  const { ask, host, view, seen, d } = studio;
  const canvas = ask(".over");
  const { context, width, height } = fit(canvas, 1);
  const colours = theme(host);
  const [x, y] = project(studio, studio.z);
  // A code beyond the map is shown at its edge.
  const [px, py] = [clamp(view.px(x), 0, width), clamp(view.py(y), 0, height)];
  for (const [width, colour] of [[6, colours.ground], [2.5, colours.text]]) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.beginPath();
    context.arc(px, py, 9, 0, 7);
    context.moveTo(px - 15, py);
    context.lineTo(px - 4, py);
    context.moveTo(px + 4, py);
    context.lineTo(px + 15, py);
    context.moveTo(px, py - 15);
    context.lineTo(px, py - 4);
    context.moveTo(px, py + 4);
    context.lineTo(px, py + 15);
    context.stroke();
  }
  if (seen && seen.z.length === d) paintEllipse(studio, context, colours);
  canvas.setAttribute("aria-label", `Map of the codes, at ${minus(x, 2)} and ${minus(y, 2)}. Arrow keys move.`);
};

// Where the posterior of the image puts its code: two standard deviations around its mean, seen along the two axes.
const paintEllipse = (studio, context, colours) => {
  const { seen, view, d } = studio;
  const [cx, cy] = project(studio, seen.z);
  let [xx, xy, yy] = [0, 0, 0];
  for (let j = 0; j < d; j++) {
    const moved = Float64Array.from(seen.z);
    moved[j] += seen.spread[j];
    const [x, y] = project(studio, moved);
    xx += (x - cx) ** 2;
    xy += (x - cx) * (y - cy);
    yy += (y - cy) ** 2;
  }
  const [half, apart] = [(xx + yy) / 2, Math.hypot((xx - yy) / 2, xy)];
  const turn = 0.5 * Math.atan2(2 * xy, xx - yy);
  const unit = view.px(1) - view.px(0);
  context.beginPath();
  context.ellipse(view.px(cx), view.py(cy), 2 * unit * Math.sqrt(half + apart), 2 * unit * Math.sqrt(Math.max(0, half - apart)), -turn, 0, 7);
  for (const [width, colour] of [[5, colours.ground], [2.5, colours.accent]]) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.stroke();
  }
};

const takePointer = (studio) => {
  const canvas = studio.ask(".over");
  const goTo = (x, y) => {
    const { axes, z } = studio;
    const [a, b] = project(studio, z);
    const [across, up] = axes.rows;
    studio.moveTo(z.map((value, j) => value + (x - a) * across[j] + (up ? (y - b) * up[j] : 0)));
  };
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    canvas.onpointermove(event);
  };
  canvas.onpointermove = (event) => {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (event.buttons && studio.z) goTo(studio.view.x(clamp(event.offsetX, 0, width)), studio.view.y(clamp(event.offsetY, 0, height)));
  };
  canvas.onkeydown = (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!step || !studio.z) return;
    event.preventDefault();
    const [a, b] = project(studio, studio.z);
    const by = studio.view.reach / (event.shiftKey ? 8 : 40);
    goTo(a + step[0] * by, b + step[1] * by);
  };
};

// --- What is told of a code -----------------------------------------------------------------------------------------

const tellFacts = ({ ask, depth, z, prior, d, data }) => {
  const { share, logp } = depth(z);
  const whose = prior ? "codes drawn from the prior" : "the codes of test images";
  const density = logp === null ? "" : `log p(z) = ${minus(logp, 1)} nats. `;
  const far = share > 0.995 ? `Farther out than nearly all ${whose}.` : `Farther out than ${Math.round(100 * share)} % of ${whose}.`;
  const short = Array.from(z.slice(0, 4), (x) => minus(x, 2)).join(", ");
  ask(".image").setAttribute("aria-label", `The ${data.model.thing} that is decoded from z = (${short}${d > 4 ? ", …" : ""})`);
  ask(".facts").textContent = `z = (${short}${d > 4 ? ", …" : ""}). ${density}${far}${data.model.family === "ae" ? " An AE has no prior." : ""}`;
};

const neighbours = async (studio) => {
  const { ask, data } = studio;
  const pixels = ask(".image").getContext("2d").getImageData(0, 0, 28, 28).data.filter((_, i) => i % 4 === 0);
  const mine = (studio.asked = (studio.asked || 0) + 1);
  try {
    const answer = await fetch(new URL(modelAddress(data.model.name, "nearest"), document.baseURI), { method: "POST", body: new Uint8Array(pixels) });
    const found = await answer.json();
    if (mine !== studio.asked || !answer.ok) return;
    const box = ask(".neighbours");
    box.textContent = "";
    found.labels.forEach((label, i) => {
      const figure = box.appendChild(document.createElement("figure"));
      const canvas = figure.appendChild(document.createElement("canvas"));
      sheet(canvas, bytes(found.images).subarray(784 * i, 784 * (i + 1)), 28, 1);
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `a training image: ${data.model.classes[label]}`);
      figure.appendChild(document.createElement("figcaption")).textContent = found.distances[i].toFixed(0);
    });
  } catch {
    // The server is away: the strip keeps what it had, and Streamlit says that it is gone.
  }
};

// --- Directions of one's own ----------------------------------------------------------------------------------------

const addClasses = (studio) => {
  const [plus, from] = ["plus", "minus"].map((name) => Number(studio.ask(`[data-of=${name}]`).value));
  const { classes } = studio.data.model;
  addDirection(studio, `${classes[plus]} − ${classes[from]}`, meanOf(studio, plus), meanOf(studio, from));
};

const addDirection = (studio, name, plus, from) => {
  const row = Float64Array.from(plus, (value, j) => value - from[j]);
  const size = dot(row, row);
  if (size < 1e-9) return void (studio.ask(".now").textContent = "The two are the same: choose two that differ.");
  const start = Float64Array.from(studio.z);
  studio.own = studio.own.filter((slider) => slider.name !== name);
  studio.own.push({ name, row, range: [-1.5, 1.5], read: (z) => dot(z.map((x, j) => x - start[j]), row) / size });
  makeSliders(studio);
  studio.sliders[studio.sliders.length - 1].input.focus();
};

const showGroups = async (studio) => {
  const { ask, atlas, data } = studio;
  studio.ask(".mine").hidden = !data.model.encodes;
  if (!data.model.encodes) return; // its codes are no images of a person's
  if (studio.groupsOf !== atlas) [studio.groupsOf, studio.groups, studio.tests] = [atlas, new Map(), null];
  try {
    studio.tests ||= new Uint8Array(await get(modelAddress(data.model.name, "tests")));
  } catch (error) {
    return void (ask(".now").textContent = error.message);
  }
  const box = ask(".groups");
  box.textContent = "";
  markGroups(studio);
  const among = ask("[data-of=among]").value;
  const chosen = Array.from(atlas.labels.keys()).filter((i) => among === "" || atlas.labels[i] === Number(among));
  for (const i of chosen.slice(0, PICKED)) {
    const button = box.appendChild(document.createElement("button"));
    button.type = "button";
    button.className = "pick";
    sheet(button.appendChild(document.createElement("canvas")), studio.tests.subarray(784 * i, 784 * (i + 1)), 28, 1);
    const mark = () => {
      const side = { 1: "+", [-1]: "−" }[studio.groups.get(i)] || "";
      button.dataset.side = side;
      button.setAttribute("aria-label", `${data.model.classes[atlas.labels[i]]}${side ? `, in group ${side}` : ""}`);
    };
    button.onclick = () => {
      studio.groups.set(i, { undefined: 1, 0: 1, 1: -1, [-1]: 0 }[studio.groups.get(i)]);
      mark();
      markGroups(studio);
    };
    mark();
  }
};

const members = (studio, side) => [...studio.groups].filter(([, of]) => of === side).map(([i]) => i);

const markGroups = (studio) => {
  studio.ask("[data-act=groups]").disabled = !members(studio, 1).length || !members(studio, -1).length;
};

const addGroups = (studio) => {
  const { atlas, d } = studio;
  const mean = (side) => {
    const group = members(studio, side);
    return Float64Array.from({ length: d }, (_, j) => group.reduce((sum, i) => sum + atlas.codes[i * d + j], 0) / group.length);
  };
  addDirection(studio, "my groups", mean(1), mean(-1));
};
