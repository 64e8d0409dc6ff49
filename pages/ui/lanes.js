// Runs side by side, live and back in time: where they stand, their pictures under one player, and their curves. What
// the pictures show is told by a kind; no canvas is ever remounted, and nothing but a change of what the owner may do
// makes the page run again.
//
// A kind is { pictures: markup of a lane's pictures, tell(lane, alone): sets their words, draw(lane, frame, room): draws
// them, words: of the play button } and perhaps { bare: whether there is something to draw without a frame, epochs:
// whether people count in them, made(room): called once, begun(room): called when other runs are shown, said(room):
// words in place of where in time one is }.

const AGAIN = 5000; // milliseconds after which a page that did not hear is asked again
const SPLITS = [["train", []], ["validation", [5, 4]]];

// The first steps fall from so high that they would flatten all the rest: the axis leaves them out.
const usualRange = (series, lines, from) => {
  const usual = (y) => Array.from(y).slice(y.length > 3 ? Math.ceil(y.length * 0.06) : 0);
  const values = series.flatMap((line) => usual(line.y)).filter(Number.isFinite);
  if (!values.length) return undefined;
  values.push(...lines.map((line) => line.y), ...(from === undefined ? [] : [from]));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return [low - 0.05 * (high - low), high + 0.05 * (high - low)];
};

const LANE = `
  <header><b class="name"></b><b class="state"></b> <span class="words"></span><a class="take" download hidden>↓ Data</a></header>
  <div class="bar"><i></i></div><p class="settings"></p><p class="health" hidden><i></i><b></b> <span></span></p>`;

// What stands in the place of a film where there is no run yet.
const noFilm = (run) => ({ name: "", news: run.news, frames: new Map(), constants: {}, gone: "", hear() {}, look() {}, end() {}, at: () => null, seconds: () => 0, line: () => undefined });

const makeLane = (room, run) => {
  const box = room.ask(".lanes").appendChild(document.createElement("div"));
  box.className = "lane";
  box.innerHTML = LANE + room.kind.pictures;
  const lane = { room, run, box, drawn: "", ask: (selector) => box.querySelector(selector) };
  lane.film = run.name ? makeFilm(run.name, { told: () => room.told(), filmed: () => room.filmed(lane), alive: () => room.host.isConnected }) : noFilm(run);
  return lane;
};

// Words and the bar: what is so now, wherever in time the pictures are.
const tellLane = (room, lane, alone) => {
  const { run, film, ask } = lane;
  const news = film.news;
  ask(".name").hidden = alone;
  ask(".name").textContent = run.title;
  ask(".name").style.borderColor = run.colour;
  lane.box.dataset.state = film.gone ? "gone" : news.state;
  ask(".state").textContent = film.gone ? "Gone" : news.title;
  ask(".words").textContent = film.gone || news.words;
  ask(".settings").textContent = run.settings;
  ask(".take").hidden = !run.name || !!film.gone;
  ask(".take").setAttribute("aria-label", `Data of ${run.title}: its curves and what is drawn, as CSV and PNG`);
  ask(".bar").hidden = run.recorded || !run.name || !!film.gone;
  ask(".bar i").style.width = `${100 * (news.progress || 0)}%`;
  const health = news.health;
  ask(".health").hidden = !health;
  if (health) {
    ask(".health").dataset.level = health.level;
    ask(".health b").textContent = health.saw;
    ask(".health span").textContent = [health.why, health.change].filter(Boolean).join(" ");
  }
  room.kind.tell(lane, alone);
};

const drawLane = (room, lane, step, force) => {
  const at = lane.film.at(step);
  const frame = at === null ? null : lane.film.frames.get(at);
  const mark = `${lane.film.news.film} ${lane.film.news.attempt} ${at} ${room.player.at % room.sub}`;
  if ((!frame && !room.kind.bare) || (mark === lane.drawn && !force)) return;
  lane.drawn = mark;
  lane.shown = at;
  lane.box.dataset.shown = at;
  if (lane.run.name) lane.ask(".take").href = lane.film.address(`numbers?step=${at}`);
  room.kind.draw(lane, frame, room);
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
          if (!line || !line[metric] || (chart.judged ? split === "train" : split === "validation" && chart.lines.length > 1)) return [];
          // The first validation, before any step, is out of reach of all others.
          const from = split === "validation" && !chart.judged ? 1 : 0;
          const own = split === "validation" && alone && !chart.judged ? colours.text : lane.run.colour;
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
      range: usualRange(series, lines, chart.from), span, lines, marks, marker, empty: chart.empty, xName: room.axis === "step" ? "step" : "seconds of training", yName: chart.unit,
    });
    room.player.scrubs(canvas, (x) => room.sub * room.nearest(scale(x)));
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
    section.innerHTML = `<h2></h2><div><canvas class="${chart.name}" role="img"></canvas></div><p></p>`;
    section.querySelector("h2").textContent = chart.title;
    section.querySelector("p").textContent = chart.gloss;
    return { chart, canvas: section.querySelector("canvas") };
  });
};

// By itself, once, when all pictures are there; runs that train move anyway.
const playFilms = (room) => {
  const ready = room.lanes.every(({ film }) => film.news && !film.news.active && film.frames.size > 1 && film.frames.size >= film.news.steps.length);
  if (!room.play || !ready) return;
  room.play = false;
  room.player.begin(room.player.at, true);
};

const makeRoom = (root, kind) => {
  const host = root.querySelector(".room");
  const room = { host, kind, lanes: [], sub: 1, axis: "step", times: [0], ask: (selector) => host.querySelector(selector), charts: [] };
  let force = false;
  const draw = () => {
    const live = room.player.at >= room.player.last;
    const time = room.time();
    for (const lane of room.lanes) {
      if (!lane.film.news) continue;
      const step = live ? Infinity : room.axis === "step" ? time : room.stepAt(lane, time);
      drawLane(room, lane, step, force);
    }
    force = false;
    drawCharts(room, live ? undefined : time);
    room.say(live, time);
  };
  room.player = makePlayer(host, { draw, pace: () => (room.sub > 1 ? 0.25 : 3), skips: () => room.sub === 1, words: kind.words, rested: () => room.rested() });
  room.all = () => {
    force = true;
    room.player.redraw();
  };
  new ResizeObserver(room.all).observe(host);
  onTheme(host, room.all);
  // Where in time one is, for the address.
  room.rested = () => {
    const { at, last } = room.player;
    room.tell("seat", { of: room.names, at: at < last ? room.time() : null, slow: room.sub > 1 ? (at % room.sub) + 1 : 0, axis: room.axis });
  };
  // A time may be shown in several parts, each a position of the player.
  room.time = () => room.times[Math.floor(room.player.at / room.sub)] ?? 0;

  room.filmed = (lane) => {
    lane.box.dataset.loaded = lane.film.frames.size;
    room.player.redraw();
    playFilms(room);
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
    const [before, part] = [room.time(), room.player.at % room.sub];
    const times = room.lanes.flatMap(({ run, film }) =>
      !film.news || film.news.film !== run.name ? [] : film.news.steps.map((step) => (room.axis === "step" ? step : film.seconds(step))),
    );
    room.times = [...new Set(times)].sort((a, b) => a - b);
    room.player.last = room.sub * Math.max(0, room.times.length - 1);
    room.player.at = live ? room.player.last : room.sub * room.nearest(before) + part;
    const alone = room.lanes.length === 1;
    for (const lane of room.lanes) if (lane.film.news) tellLane(room, lane, alone);
    const news = room.lanes[0].film.news;
    if (news) [host.dataset.step, host.dataset.state] = [news.step, room.lanes[0].film.gone ? "gone" : news.state];
    room.ask(".player").classList.toggle("idle", room.times.length < 2);
    const changed = room.lanes.map(({ run }) => run.changed && (alone ? run.changed : `${run.title}: ${run.changed}`));
    room.ask(".changed").textContent = changed.filter(Boolean).join(" ");
    room.player.redraw();
    // Asked once, for the page may take longer to run than the next news to come; but again after a while, since what
    // is asked while the server is away is lost.
    const heard = room.lanes.every(({ film }) => film.gone || film.news);
    const standing = heard ? room.lanes.map(({ film }) => (film.gone ? "gone" : film.news.standing)).join("|") : room.data.standing;
    const late = performance.now() - room.sentAt > AGAIN;
    if (room.data.standing && standing !== room.data.standing && (standing !== room.sent || late)) {
      [room.sent, room.sentAt] = [standing, performance.now()];
      room.send("standing", `${standing} ${Math.round(room.sentAt)}`); // never the same twice, which would be no news
    }
  };
  room.say = (live, time) => {
    const lane = room.lanes[0];
    const per = lane.film.news && lane.film.news.per_epoch;
    const epoch = kind.epochs && per && room.axis === "step" && room.lanes.length === 1 ? `, epoch ${(time / per).toFixed(2)}` : "";
    const at = room.axis === "step" ? `step ${time.toLocaleString("en")}${epoch}` : `${time.toFixed(1)} s`;
    const active = room.lanes.some((lane) => lane.film.news && lane.film.news.state === "running");
    const end = active ? "Live. Drag the slider to wind back." : `The newest, at ${at}. Drag the slider to wind back.`;
    const back = `Back at ${at}${active ? "; training goes on. The last button is live again." : "."}`;
    const said = kind.said && kind.said(room);
    room.ask(".now").textContent = said || (room.times.length < 2 ? "" : live ? end : back);
    room.player.say(room.ask(".now").textContent);
  };
  host.querySelectorAll("[data-axis]").forEach((button) => {
    button.onclick = () => {
      room.axis = button.dataset.axis;
      room.mark();
      room.player.at = room.player.last;
      room.told();
      room.player.rest();
    };
  });
  room.mark = () => host.querySelectorAll("[data-axis]").forEach((b) => b.setAttribute("aria-pressed", b.dataset.axis === room.axis));
  room.mark();
  if (kind.made) kind.made(room);
  return room;
};

// Where the address asks to begin.
const sit = (room, { at, slow, axis }) => {
  room.axis = axis;
  room.mark();
  room.told();
  if (slow && room.kind.slow) room.kind.slow(room);
  if (at !== null) room.player.at = Math.min(room.player.last, room.sub * room.nearest(at) + clamp(slow - 1, 0, room.sub - 1));
};

const rooms = new WeakMap();

const showRoom = ({ data, parentElement: root, setStateValue, setTriggerValue }, kind) => {
  const first = !rooms.has(root);
  const room = first ? makeRoom(root, kind) : rooms.get(root);
  if (first) room.play = data.play;
  rooms.set(root, room);
  Object.assign(room, { data, send: setStateValue, tell: setTriggerValue, sent: "" });
  const names = data.runs.map((run) => run.name).join(" ");
  const others = names !== room.names;
  if (others) {
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
    if (!lane.run.name) lane.film.news = lane.run.news;
  });
  if (others && kind.begun) kind.begun(room);
  room.lanes.forEach((lane, i) => {
    // News that came by themselves may be newer than what the page was drawn from.
    if (!lane.film.news || data.runs[i].news.step >= lane.film.news.step) lane.film.hear(data.runs[i].news);
    lane.film.look();
  });
  if (room.lanes.some(({ run }) => !run.name)) room.told();
  if (first) sit(room, data.seat);
  else if (others && (room.sub > 1 || room.axis !== "step")) room.player.rest();
  room.all();
};
