// The 2-D lab: one to four models of points in the plane, live and back in time, with what each thinks.

const TURNS = 8; // directions from the middle that have a colour of their own

// The figures that hold at a step: those of the newest report before it.
const readings = ({ run, film }, at) =>
  run.readings.map(({ split, metric, error, digits, of, share }) => {
    const line = film.line(split);
    if (!line || !line[metric]) return "–";
    let i = line.step.length - 1;
    while (i > 0 && line.step[i] > at) i--;
    const value = line[metric][i];
    if (!Number.isFinite(value)) return "–";
    if (of) return `${value} of ${of}`;
    if (share) return `${(100 * value).toFixed(0)} %`;
    return minus(value, digits) + (error && line[error] ? ` ± ${line[error][i].toFixed(digits)}` : "");
  });

const tellPlane = (lane) => {
  const { run, ask, film } = lane;
  const box = ask(".readings");
  if (box.children.length !== 2 * run.readings.length) box.innerHTML = "<dt></dt><dd></dd>".repeat(run.readings.length);
  run.readings.forEach(({ title, help }, i) => {
    [box.children[2 * i].textContent, box.children[2 * i].title] = [title, help];
  });
  tellLayers(lane.room, lane);
  ask(".coded").hidden = !run.codenote || !run.name;
  box.hidden = !run.name;
  ask(".codenote").textContent = run.codenote;
  ask(".empty").textContent = film.news.steps.length || film.gone ? "" : run.empty;
};

// Around which place points lie, and how far.
const lying = (flat) => {
  const along = (axis) => {
    const values = Array.from(flat).filter((_, i) => i % 2 === axis);
    const middle = values.reduce((sum, value) => sum + value, 0) / values.length;
    return [middle, Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / values.length)];
  };
  const [[x, a], [y, b]] = [along(0), along(1)];
  return `around (${minus(x, 2)}, ${minus(y, 2)}), give or take (${a.toFixed(2)}, ${b.toFixed(2)})`;
};

// What the picture of the plane shows, for those who cannot see it; once a frame and not once a moment of its way.
const namePlane = (lane, { points, made, codes }) => {
  const { run, ask, room, shown } = lane;
  const on = layersOf(run).filter((layer) => isOn(room, run, layer)).map((layer) => wordOf(run, layer));
  const mark = JSON.stringify([run.title, run.points.length, shown, on, points.length]);
  if (mark === lane.named) return;
  lane.named = mark;
  const parts = [`${run.title}${shown == null ? "" : `, step ${shown.toLocaleString("en")}`}: ${on.join(", ") || "nothing is drawn"}.`];
  if (points.length) parts.push(`${(points.length / 2).toLocaleString("en")} points of the data lie ${lying(points)}.`);
  if (made) parts.push(`${(made.length / 2).toLocaleString("en")} samples lie ${lying(made)}.`);
  ask(".field canvas").setAttribute("aria-label", parts.join(" "));
  ask(".latent").setAttribute("aria-label", codes ? `${run.codenote} ${codes.length / 2} codes lie ${lying(codes)}.` : run.codenote);
};

const surfaceScale = (run, values) => {
  if (!run.scored) return { middle: run.middle, reach: 0.5 };
  const middle = run.family === "gan2d" && run.zero ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
  return { middle, reach: Math.max(...Array.from(values, (value) => Math.abs(value - middle)), 1e-9) };
};

const paintGame = (context, view, box, scene, run, { colours, alpha }) => {
  const covered = alpha("best") > 0 && scene.ideal;
  const values = covered ? scene.ideal : scene.surface;
  context.globalAlpha = covered ? alpha("best") : alpha("surface");
  if (values && context.globalAlpha) {
    const scale = surfaceScale(run, values);
    paintSurface(context, view, box, values, scale);
    const levels = run.scored ? niceTicks(scale.middle - scale.reach, scale.middle + scale.reach, 9) : [run.middle];
    for (const level of levels) paintContour(context, view, contour(values, box, level), colours.text, run.scored && !(run.zero && level === 0) ? 0.8 : 2.4);
  }
  context.globalAlpha = alpha("ideal");
  if (scene.ideal && context.globalAlpha) paintContour(context, view, contour(scene.ideal, box, run.middle), colours.text, 2, [7, 5]);
};

const paintData = (context, view, scene, lane, { colours, alpha, palette }) => {
  const { run } = lane;
  const radius = clamp(90 / Math.sqrt(scene.points.length / 2 || 1), 1.5, 4.5) * clamp(view.width / 560, 0.55, 1);
  context.globalAlpha = 0.85 * alpha("data");
  if (!context.globalAlpha) return;
  const place = (x, y) => [view.px(x), view.py(y)];
  if (scene.owners) {
    const colour = palette.map(rgb);
    for (let i = 0; i < scene.points.length; i += 2) {
      context.fillStyle = softColour(scene.owners, colour, scene.points[i], scene.points[i + 1]);
      context.beginPath();
      context.arc(...place(scene.points[i], scene.points[i + 1]), radius, 0, 7);
      context.fill();
    }
    return;
  }
  // They stay where they are from frame to frame: painted once, and laid on after that.
  const mark = [view.width, view.height, devicePixelRatio, colours.ground, run.emphasis].join(" ");
  if (lane.stamp !== mark || lane.stamped !== scene.points) {
    [lane.stamp, lane.stamped] = [mark, scene.points];
    lane.sheet = new OffscreenCanvas(context.canvas.width, context.canvas.height);
    const paint = lane.sheet.getContext("2d");
    paint.setTransform(context.getTransform());
    dots(paint, scene.points, place, radius, realOn(colours), run.family === "gan2d" ? colours.ground : null);
    if (run.emphasis) dots(paint, scene.points.subarray(0, 2 * run.emphasis), place, radius + 2.5, realOn(colours), colours.ground);
  }
  context.drawImage(lane.sheet, 0, 0, view.width, view.height);
};

const paintField = (lane, frame, scene, look) => {
  const { run } = lane;
  const { colours, alpha, palette } = look;
  const box = scene.box;
  const ratio = clamp((box[3] - box[2]) / (box[1] - box[0]), 0.62, 1);
  const { context, width, height } = fit(lane.ask(".field canvas"), ratio);
  const view = planeView(box, width, height);
  const place = (x, y) => [view.px(x), view.py(y)];
  lane.panel.view = view;
  if (width > 330) paintAxes(context, view, colours);
  if (scene.components && alpha("density")) {
    context.globalAlpha = 1;
    paintDensity(context, scene.components, view, colours);
  }
  paintGame(context, view, box, scene, run, look);
  paintData(context, view, scene, lane, look);
  if (scene.grid && alpha("grid")) {
    context.globalAlpha = (run.width === 1 ? 0.95 : 0.6) * alpha("grid");
    paintGrid(context, place, scene.grid, run.width === 1, colourOf(run, "grid"));
  }
  if (scene.rebuilt && alpha("pairs")) {
    context.globalAlpha = 0.9 * alpha("pairs");
    paintPairs(context, view, scene.coded, scene.rebuilt, scene.turns, palette);
  }
  if (scene.made) {
    context.globalAlpha = alpha("samples");
    if (context.globalAlpha) dots(context, scene.made, place, 2.6 * clamp(width / 560, 0.6, 1), run.colour, colours.ground);
  }
  if (frame && frame.needles && alpha("needles")) {
    context.globalAlpha = alpha("needles");
    paintNeedles(context, view, frame.made, frame.needles, colours.text, colours.ground);
  }
  context.globalAlpha = alpha("ellipses");
  if (scene.components && context.globalAlpha === 1) paintEllipses(context, scene.components, view, colours, palette.map(rgb));
  context.globalAlpha = 1;
};

// What is drawn of a frame and, in slow motion, of the way to the next.
const sceneOf = (lane, frame, next, moved, unfold) => {
  const { run, film } = lane;
  const constants = film.constants;
  const own = constants.points ? { points: constants.points, box: constants.box } : { points: lane.given, box: run.box };
  if (!frame) return own;
  const between = (name, layer) => frame[name] && mixed(frame[name], next[name], moved(layer));
  if (lane.turnsOf !== constants.coded && constants.coded) [lane.turnsOf, lane.turns] = [constants.coded, directions(constants.coded, TURNS)];
  const scene = { ...own, coded: constants.coded, turns: lane.turns, made: between("made", "samples"), grid: between("grid", "grid"), surface: between("surface", "surface"), ideal: between("ideal", "ideal"), rebuilt: between("rebuilt", "pairs"), codes: between("codes", "codes"), deviations: between("deviations", "codes") };
  if (scene.grid && unfold < 1) {
    const [cx, cy] = [(own.box[0] + own.box[1]) / 2, (own.box[2] + own.box[3]) / 2];
    const unit = Math.min(own.box[1] - own.box[0], own.box[3] - own.box[2]) / 8;
    const n = scene.grid.length / 2;
    const flat = scene.grid.map((_, i) => {
      const k = Math.floor(i / 2);
      const code = run.width === 1 ? (i % 2 ? 0 : (2 * LINE * k) / (n - 1) - LINE) : ((i % 2 ? Math.floor(k / 21) : k % 21) - 10) * (SQUARE / 10);
      return (i % 2 ? cy : cx) + unit * code;
    });
    scene.grid = mixed(flat, scene.grid, unfold);
  }
  if (frame.components) {
    scene.components = mixtureParts(between("components", "ellipses"));
    scene.owners = mixtureParts(frame.components);
  }
  return scene;
};

const drawPlane = (lane, frame, room) => {
  const { run, film, panel } = lane;
  const colours = theme(room.host);
  room.host.style.setProperty("--real", realOn(colours));
  if (lane.givenAs !== run.points) [lane.givenAs, lane.given] = [run.points, floats(run.points)];
  const slow = room.sub > 1 && frame && SUBSTEPS[run.family];
  const part = room.player.at % room.sub;
  const position = `${room.player.at} ${room.sub}`;
  if (lane.position !== position) [lane.position, lane.since] = [position, performance.now()];
  const share = !slow || STILL.matches ? 1 : clamp((performance.now() - lane.since) / MOVE, 0, 1);
  const eased = share * share * (3 - 2 * share);
  const { moved, seen } = slow ? stepped(slow, part, eased) : { moved: () => 0, seen: (_, on) => (on ? 1 : 0) };
  const next = (slow && film.frames.get(film.news.steps[film.news.steps.indexOf(lane.shown) + 1])) || frame;
  const scene = sceneOf(lane, frame, next, moved, slow && slow[part].unfolds ? eased : 1);
  const palette = room.data.palette.slice(0, run.family === "mixture2d" ? 10 : TURNS);
  paintField(lane, frame, scene, { colours, palette, alpha: (layer) => seen(layer, isOn(room, run, layer)) });
  if (panel.cursor) paintCursor(panel, colours);
  if (run.codenote && run.name) {
    paintCodes(lane.ask(".latent"), { ...scene, line: run.width === 1, prior: run.family !== "ae2d", square: colourOf(run, "grid") }, lane.turns || [], palette, colours, run.family !== "gan2d");
    lane.ask(".coded").classList.toggle("faded", !!slow && !seen("codes", false));
  }
  namePlane(lane, scene);
  const figures = lane.ask(".readings").children;
  readings(lane, lane.shown ?? 0).forEach((text, i) => (figures[2 * i + 1].textContent = text));
  // Where another frame was drawn meanwhile, that one goes on.
  const { drawn } = lane;
  const same = () => lane.position === position && lane.drawn === drawn && lane.box.isConnected;
  if (share < 1) requestAnimationFrame(() => same() && drawPlane(lane, frame, room));
};

const setSlow = (room, on) => {
  const steps = on && room.lanes.length === 1 && SUBSTEPS[room.lanes[0].run.family];
  const at = Math.floor(room.player.at / room.sub);
  room.sub = steps ? steps.length : 1;
  room.player.last = room.sub * Math.max(0, room.times.length - 1);
  room.player.go(room.sub * (steps ? Math.max(0, Math.min(at, room.times.length - 2)) : at));
  room.ask("[data-act=slow]").setAttribute("aria-pressed", !!steps);
  const list = room.ask(".substeps");
  list.textContent = "";
  (steps || []).forEach(({ name }, part) => {
    const button = list.appendChild(document.createElement("li")).appendChild(document.createElement("button"));
    button.type = "button";
    button.textContent = `${part + 1} ${name}`;
    button.onclick = () => room.player.take(Math.min(room.player.last, room.player.at - (room.player.at % room.sub) + part));
  });
  room.all();
};

const PLANE = {
  words: ["Replay", "Hold"],
  bare: true,
  pictures: `
  <div class="stage">
    <section class="field"><div class="frame"><canvas role="img"></canvas></div><p class="empty"></p><p class="layers" role="group" aria-label="What is drawn"></p></section>
    <section class="aside"><dl class="readings"></dl><div class="coded"><h2>The codes</h2><div class="frame"><canvas class="latent" role="img"></canvas></div><p class="codenote"></p></div></section>
  </div>`,
  tell: tellPlane,
  draw: drawPlane,
  slow: (room) => setSlow(room, true),
  made: (room) => {
    room.added = [];
    room.adding = false;
    room.ask("[data-act=slow]").onclick = () => {
      setSlow(room, room.sub === 1);
      room.player.rest();
    };
    const add = room.ask("[data-act=add]");
    add.onclick = () => {
      room.adding = !room.adding;
      add.setAttribute("aria-pressed", room.adding);
      arm(room.host, room);
    };
  },
  begun: (room) => {
    // Another family has other layers: it begins with the usual ones.
    if (room.families !== room.data.families) room.layers = { ...PLANE.layers };
    room.families = room.data.families;
    room.panels = room.lanes.map((lane) => (lane.panel = { canvas: lane.ask(".field canvas") }));
    setSlow(room, room.sub > 1);
    if (room.adding) arm(room.host, room);
  },
  said: (room) => {
    const part = room.player.at % room.sub;
    [...room.ask(".substeps").children].forEach((item, i) => item.firstChild.setAttribute("aria-pressed", i === part));
    if (room.sub === 1) return "";
    const step = SUBSTEPS[room.lanes[0].run.family][part];
    const at = Math.floor(room.player.at / room.sub);
    const updates = (room.times[at + 1] ?? room.times[at]) - room.times[at];
    // A film keeps some steps only, so that a walk mostly stands for several of them.
    const many = updates > 1 && room.axis === "step" ? ` These pictures stand for ${updates.toLocaleString("en")} such steps in a row.` : "";
    return `${part + 1} of ${room.sub}, ${step.name}: ${step.say}${many}`;
  },
};

export default function (component) {
  const { data } = component;
  // What an address asks for holds until a word is clicked.
  PLANE.layers = data.layers && Object.fromEntries(Object.keys(WORDS).map((name) => [name, data.layers.includes(name)]));
  showRoom(component, PLANE);
  const room = rooms.get(component.parentElement);
  const fresh = data.epoch !== room.epoch;
  // Points put since the server last looked are still on their way.
  if (fresh || data.added.length >= room.added.length) room.added = data.added.slice();
  room.epoch = data.epoch;
  room.ask("[data-act=slow]").hidden = room.lanes.length > 1 || !data.runs[0].name;
  room.host.classList.toggle("drafted", !data.runs[0].name);
}
