// A run as the server tells it: news several times a second while it trains, and frames, each fetched once.

const NO_STEP = 0xffffffff; // what all frames share
const AT_ONCE = 30;
const BEAT = 200; // milliseconds between two looks at a run that trains, unless the server asks for fewer ...
const REST = 2000; // ... and at one that does not

// Calls told() whenever there are news, and filmed() when frames came; asks as long as alive() says so.
const makeFilm = (name, { told, filmed, alive }) => {
  const film = { name, news: null, frames: new Map(), constants: {}, gone: "" };
  let [of, timer, loading, ended] = ["", 0, false, false];
  const me = Math.random().toString(36).slice(2, 12); // so that watchers can be counted
  const address = (rest) => new URL(`genlib/runs/${encodeURIComponent(film.news ? film.news.film : name)}/${rest}`, document.baseURI);

  film.address = address;
  film.hear = (news) => {
    // What an earlier attempt drew after the checkpoint is drawn anew.
    const now = `${news.film} ${news.attempt}`;
    if (now !== of) {
      of = now;
      film.frames.clear();
    }
    film.news = news;
    told();
    load();
  };

  const load = async () => {
    const missing = film.news.steps.filter((step) => !film.frames.has(step));
    if (loading || ended || !missing.length) return;
    loading = true;
    const [mine, wanted] = [of, missing.slice(film.frames.size ? -AT_ONCE : -1)];
    const steps = film.frames.size ? wanted : [NO_STEP, ...wanted];
    try {
      const answer = await fetch(address(`frames?steps=${steps}`));
      const buffer = await answer.arrayBuffer();
      if (!answer.ok) throw new Error(answer.statusText);
      if (mine === of) {
        const view = new DataView(buffer);
        // A frame that was thinned away meanwhile does not come; it must not be asked for again and again.
        for (const step of wanted) film.frames.set(step, null);
        for (let at = 0; at + 8 <= buffer.byteLength; ) {
          const [step, length] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
          const arrays = safetensors(buffer, at + 8, length);
          if (step === NO_STEP) film.constants = arrays;
          else film.frames.set(step, arrays);
          at += 8 + length;
        }
        filmed();
      }
    } catch {
      // The server is away or a file was altered: the next news try again.
      loading = false;
      return;
    }
    loading = false;
    if (!ended) load();
  };

  const look = async () => {
    clearTimeout(timer);
    if (!alive()) return; // the next run of the page looks again
    try {
      const answer = await fetch(new URL(`genlib/runs/${encodeURIComponent(name)}/news`, document.baseURI), { headers: { "X-Film": me } });
      const news = await answer.json();
      if (ended) return;
      film.gone = news.error || "";
      if (film.gone) told();
      else film.hear(news);
    } catch {
      // The server is away; Streamlit says so, and this goes on asking.
    }
    clearTimeout(timer);
    const busy = film.news && film.news.active && !film.gone && !document.hidden;
    if (!ended) timer = setTimeout(look, busy ? film.news.beat || BEAT : REST);
  };
  film.look = look;
  film.end = () => {
    ended = true;
    clearTimeout(timer);
  };
  // The frame that was the newest at a step; if it has not come yet, the nearest that has.
  film.at = (step) => {
    let best = null;
    for (const [at, arrays] of film.frames) {
      const better = best === null || (at <= step ? at > best || best > step : best > step && at < best);
      if (arrays && better) best = at;
    }
    return best;
  };
  // Training seconds at a step, between the reports around it.
  film.seconds = (step) => {
    const train = film.line("train");
    if (!train || !train.step.length || step <= 0) return 0;
    const after = train.step.findIndex((at) => at >= step);
    if (after < 0) return train.seconds[train.seconds.length - 1];
    const [s0, t0] = after ? [train.step[after - 1], train.seconds[after - 1]] : [0, 0];
    const share = (step - s0) / (train.step[after] - s0 || 1);
    return t0 + share * (train.seconds[after] - t0);
  };
  // A split's reports as arrays, read once for each news.
  let read = { news: null, lines: {} };
  film.line = (split) => {
    if (read.news !== film.news) read = { news: film.news, lines: {} };
    const packed = film.news && film.news.curves[split];
    if (packed && !read.lines[split]) read.lines[split] = Object.fromEntries(Object.entries(packed).map(([key, text]) => [key, floats(text)]));
    return read.lines[split];
  };
  return film;
};
