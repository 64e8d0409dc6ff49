// The training room: one to four runs, live and back in time. Pictures above, a player, curves below; no canvas is
// ever remounted, and nothing but a change of what the owner may do makes the page run again.

const PAIRS_IN_A_ROW = 4;
const SPLITS = [["train", []], ["validation", [5, 4]]];

// Originals above their reconstructions, row by row.
const pairs = (originals, made, side) => {
  const size = side * side;
  const n = Math.min(originals.length, made.length) / size;
  const flat = new Uint8Array(2 * n * size);
  for (let i = 0; i < n; i++) {
    const row = Math.floor(i / PAIRS_IN_A_ROW);
    const at = 2 * row * PAIRS_IN_A_ROW + (i % PAIRS_IN_A_ROW);
    flat.set(originals.subarray(i * size, (i + 1) * size), at * size);
    flat.set(made.subarray(i * size, (i + 1) * size), (at + PAIRS_IN_A_ROW) * size);
  }
  return flat;
};

// The first steps fall from so high that they would flatten all the rest: the axis leaves them out.
const usualRange = (series, lines) => {
  const usual = (y) => Array.from(y).slice(y.length > 3 ? Math.ceil(y.length * 0.06) : 0);
  const values = series.flatMap((line) => usual(line.y)).filter(Number.isFinite);
  if (!values.length) return undefined;
  values.push(...lines.map((line) => line.y));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return [low - 0.05 * (high - low), high + 0.05 * (high - low)];
};

const LANE = `
  <header><b class="name"></b><b class="state"></b> <span class="words"></span></header>
  <div class="bar"><i></i></div><p class="settings"></p><p class="health" hidden><i></i><b></b> <span></span></p>
  <div class="row pictures">
    <section><h4 class="new"></h4><div class="frame"><canvas class="samples" role="img"></canvas></div><p class="how"></p></section>
    <section class="minds"><h4>What D thinks</h4><div class="frame"><canvas class="scores" role="img"></canvas></div><p class="scorenote"></p></section>
    <section class="coded"><h4 class="real"></h4><div class="frame"><canvas class="pairs" role="img"></canvas></div><p>Test images it never trained on, each above its reconstruction.</p></section>
    <section class="coded"><h4>Map of the codes</h4><div class="frame"><canvas class="map" role="img"></canvas></div><p class="mapnote"></p></section>
  </div>`;

const makeLane = (room, run) => {
  const box = room.ask(".lanes").appendChild(document.createElement("div"));
  box.className = "lane";
  box.innerHTML = LANE;
  const lane = { run, box, drawn: "", ask: (selector) => box.querySelector(selector) };
  lane.film = makeFilm(run.name, { told: () => room.told(), filmed: () => room.filmed(lane), alive: () => room.host.isConnected });
  return lane;
};

// Words and the bar: what is so now, wherever in time the pictures are.
const tellLane = (lane, alone) => {
  const { run, film, ask } = lane;
  const news = film.news;
  ask(".name").hidden = alone;
  ask(".name").textContent = run.title;
  ask(".name").style.borderColor = run.colour;
  ask(".state").textContent = film.gone ? "Gone" : news.title;
  ask(".words").textContent = film.gone || news.words;
  ask(".settings").textContent = run.settings;
  ask(".new").textContent = `New ${run.things}`;
  ask(".real").textContent = `Real ${run.things}, rebuilt`;
  ask(".bar").hidden = run.recorded || !!film.gone;
  ask(".bar i").style.width = `${100 * (news.progress || 0)}%`;
  ask(".pictures").classList.toggle("waiting", news.film !== run.name);
  ask(".mapnote").textContent = run.mapnote;
  ask(".how").textContent = run.how;
  for (const section of lane.box.querySelectorAll(".coded")) section.hidden = !run.maps;
  ask(".minds").hidden = run.maps;
  ask(".scorenote").textContent = run.minds.note;
  ask(".scores").setAttribute("aria-label", run.minds.note);
  ask(".pictures").classList.toggle("game", !run.maps);
  const health = news.health;
  ask(".health").hidden = !health;
  if (health) {
    ask(".health").dataset.level = health.level;
    ask(".health b").textContent = health.saw;
    ask(".health span").textContent = [health.why, health.change].filter(Boolean).join(" ");
  }
  ask(".samples").setAttribute("aria-label", `Sheet of ${run.things} made by ${run.title}.`);
  ask(".pairs").setAttribute("aria-label", `Test ${run.things}, each above its reconstruction by ${run.title}.`);
  ask(".map").setAttribute("aria-label", run.mapnote);
};

const drawLane = (lane, step, palette, host, force) => {
  const at = lane.film.at(step);
  const frame = at === null ? null : lane.film.frames.get(at);
  const mark = `${lane.film.news.film} ${lane.film.news.attempt} ${at}`;
  if (!frame || (mark === lane.drawn && !force)) return;
  lane.drawn = mark;
  lane.box.dataset.shown = at;
  const { originals, labels } = lane.film.constants;
  if (frame.samples) sheet(lane.ask(".samples"), frame.samples, 28, lane.run.columns);
  if (frame.real_scores) histogram(lane.ask(".scores"), [frame.real_scores, frame.new_scores], lane.run.minds, theme(host));
  if (frame.reconstructions && originals) sheet(lane.ask(".pairs"), pairs(originals, frame.reconstructions, 28), 28, PAIRS_IN_A_ROW);
  if (frame.codes && labels) latentMap(lane.ask(".map"), frame.codes, labels, palette, theme(host), null, lane.run.classes);
};

const drawCharts = (room, marker) => {
  const colours = theme(room.host);
  const alone = room.lanes.length === 1;
  const ends = room.lanes.flatMap((lane) => SPLITS.flatMap(([split]) => (lane.film.line(split) || { [room.axis]: [] })[room.axis].slice(-1)[0] || []));
  const span = [0, Math.max(1, ...ends)];
  for (const { chart, canvas } of room.charts) {
    const drawn = room.lanes.filter(({ run }) => run.charts.some(({ name }) => name === chart.name));
    const series = drawn.flatMap((lane) =>
      chart.lines.flatMap(({ metric, label, colour }, i) =>
        SPLITS.flatMap(([split, dash]) => {
          const line = lane.film.line(split);
          if (!line || !line[metric] || (split === "validation" && chart.lines.length > 1)) return [];
          // The first validation, before any step, is out of reach of all others.
          const from = split === "validation" && chart.name !== "spread" ? 1 : 0;
          const own = split === "validation" && alone && chart.name !== "spread" ? colours.text : lane.run.colour;
          return [{ x: line[room.axis].subarray(from), y: line[metric].subarray(from), colour: alone && colour ? colour : own, dash: alone || !colour ? dash : [2, 3], dots: split === "validation", label }];
        }),
      ),
    );
    const levels = new Map(drawn.flatMap(({ run }) => run.charts.filter(({ name, level }) => name === chart.name && level)).map(({ level }) => [level.text, level]));
    const lines = [...levels.values()];
    const marks = drawn.flatMap(({ run, film }) =>
      run.changes.map((step) => ({ x: room.axis === "step" ? step : film.seconds(step), colour: alone ? colours.text : run.colour })),
    );
    const scale = curves(canvas, Math.max(0.42, 150 / canvas.parentElement.clientWidth), series, colours, {
      range: usualRange(series, lines), span, lines, marks, marker, empty: chart.empty, xName: room.axis === "step" ? "step" : "seconds of training", yName: chart.unit,
    });
    room.player.scrubs(canvas, (x) => room.nearest(scale(x)));
    const newest = series.filter((line) => line.y.length).map((line) => `${line.label} ${line.y[line.y.length - 1].toFixed(chart.lines.length > 1 ? 2 : 1)}`.trim());
    canvas.setAttribute("aria-label", `${chart.title}, ${chart.unit}, over ${room.axis}s; the newest: ${newest.join(", ")}.`);
  }
};

// A canvas for every curve that any of the runs has.
const makeCharts = (room) => {
  const found = new Map(room.lanes.flatMap(({ run }) => run.charts).map((chart) => [chart.name, chart]));
  room.ask(".curves").textContent = "";
  room.ask(".curves").classList.toggle("four", found.size > 3);
  room.charts = [...found.values()].map((chart) => {
    const section = room.ask(".curves").appendChild(document.createElement("section"));
    section.innerHTML = `<h4></h4><div><canvas class="${chart.name}" role="img"></canvas></div><p></p>`;
    section.querySelector("h4").textContent = chart.title;
    section.querySelector("p").textContent = chart.gloss;
    return { chart, canvas: section.querySelector("canvas") };
  });
};

const makeRoom = (root) => {
  const host = root.querySelector(".room");
  const room = { host, lanes: [], axis: "step", times: [0], ask: (selector) => host.querySelector(selector), charts: [] };
  let force = false;
  const draw = () => {
    const live = room.player.at >= room.player.last;
    const time = room.times[room.player.at] ?? 0;
    for (const lane of room.lanes) {
      if (!lane.film.news) continue;
      const step = live ? Infinity : room.axis === "step" ? time : room.stepAt(lane, time);
      drawLane(lane, step, room.data.palette, host, force);
    }
    force = false;
    drawCharts(room, live ? undefined : time);
    room.say(live, time);
  };
  room.player = makePlayer(host, { draw, pace: () => 3, words: ["Replay", "Hold"] });
  const all = () => {
    force = true;
    room.player.redraw();
  };
  new ResizeObserver(all).observe(host);
  onTheme(host, all);

  room.filmed = (lane) => {
    lane.box.dataset.loaded = lane.film.frames.size;
    room.player.redraw();
  };
  room.stepAt = (lane, seconds) => {
    const within = lane.film.news.steps.filter((step) => lane.film.seconds(step) <= seconds);
    return within.length ? within[within.length - 1] : 0;
  };
  room.nearest = (time) => {
    let best = 0;
    room.times.forEach((at, i) => (Math.abs(at - time) < Math.abs(room.times[best] - time) ? (best = i) : 0));
    return best;
  };
  // The positions of the player: whenever any of the runs has a frame.
  room.told = () => {
    const live = room.player.at >= room.player.last;
    const before = room.times[room.player.at];
    const times = room.lanes.flatMap(({ run, film }) =>
      !film.news || film.news.film !== run.name ? [] : film.news.steps.map((step) => (room.axis === "step" ? step : film.seconds(step))),
    );
    room.times = [...new Set(times)].sort((a, b) => a - b);
    room.player.last = Math.max(0, room.times.length - 1);
    room.player.at = live ? room.player.last : room.nearest(before);
    const alone = room.lanes.length === 1;
    for (const lane of room.lanes) if (lane.film.news) tellLane(lane, alone);
    const news = room.lanes[0].film.news;
    if (news) [host.dataset.step, host.dataset.state] = [news.step, room.lanes[0].film.gone ? "gone" : news.state];
    room.ask(".player").classList.toggle("idle", room.times.length < 2);
    const changed = room.lanes.map(({ run }) => run.changed && (alone ? run.changed : `${run.title}: ${run.changed}`));
    room.ask(".changed").textContent = changed.filter(Boolean).join(" ");
    room.player.redraw();
    // Asked once: the page may take longer to run than the next news to come.
    const standing = room.lanes.map(({ film }) => (film.gone ? "gone" : film.news ? film.news.standing : "")).join("|");
    if (room.data.standing && standing !== room.data.standing && standing !== room.sent) {
      room.sent = standing;
      room.send("standing", standing);
    }
  };
  room.say = (live, time) => {
    const lane = room.lanes[0];
    const per = lane.film.news && lane.film.news.per_epoch;
    const epoch = per && room.axis === "step" && room.lanes.length === 1 ? `, epoch ${(time / per).toFixed(2)}` : "";
    const at = room.axis === "step" ? `step ${time.toLocaleString("en")}${epoch}` : `${time.toFixed(1)} s`;
    const active = room.lanes.some((lane) => lane.film.news && lane.film.news.state === "running");
    const end = active ? "Live. Drag the slider to wind back." : `The newest, at ${at}. Drag the slider to wind back.`;
    const back = `Back at ${at}${active ? "; training goes on. The last button is live again." : "."}`;
    room.ask(".now").textContent = room.times.length < 2 ? "" : live ? end : back;
    room.player.say(room.ask(".now").textContent);
  };
  host.querySelectorAll("[data-axis]").forEach((button) => {
    button.onclick = () => {
      room.axis = button.dataset.axis;
      room.mark();
      room.player.at = room.player.last;
      room.told();
    };
  });
  room.mark = () => host.querySelectorAll("[data-axis]").forEach((b) => b.setAttribute("aria-pressed", b.dataset.axis === room.axis));
  room.mark();
  return room;
};

const rooms = new WeakMap();

export default function ({ data, parentElement: root, setStateValue }) {
  const room = rooms.get(root) || makeRoom(root);
  rooms.set(root, room);
  Object.assign(room, { data, send: setStateValue, sent: "" });
  const names = data.runs.map((run) => run.name).join(" ");
  if (names !== room.names) {
    room.names = names;
    room.lanes.forEach((lane) => lane.film.end());
    room.ask(".lanes").textContent = "";
    room.player.playing(false);
    room.player.at = room.player.last = 0;
    room.lanes = data.runs.map((run) => makeLane(room, run));
    makeCharts(room);
  }
  room.host.classList.toggle("several", room.lanes.length > 1);
  room.ask(".lanes").classList.toggle("four", room.lanes.length > 3);
  room.ask(".solid").style.borderColor = room.lanes.length > 1 ? "" : data.runs[0].colour;
  room.lanes.forEach((lane, i) => {
    lane.run = data.runs[i];
    // News that came by themselves may be newer than what the page was drawn from.
    if (!lane.film.news || data.runs[i].news.step >= lane.film.news.step) lane.film.hear(data.runs[i].news);
    lane.film.look();
  });
}
