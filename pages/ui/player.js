// The player of every element that has frames: play, step, scrub, keys. It knows positions 0 to last and no pictures.

const MOST_SECONDS = 15;
const WATCHED = 12; // seconds that a film lasts at most, at the speed at which it is shown before anybody chose one
const RESTS = 300; // milliseconds in which nothing moves, before the address is told where one is
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

// host: holds the markup of player.html. pace(): positions a second at slow speed. draw(): called once an animation
// frame, however many events there were. words: what the play button says while it rests and while it plays. rested():
// called when the visitor has come somewhere and stays.
const makePlayer = (host, { pace, draw, words = ["Play", "Pause"], skips = () => true, rested = () => {} }) => {
  const ask = (selector) => host.querySelector(selector);
  const range = ask("input[type=range]");
  let timer = 0;
  let queued = false;
  let rest = 0;
  let chosen = false;
  const player = { at: 0, last: 0 };
  ask("[data-do=play] span").textContent = words[0];

  player.redraw = () => {
    if (!queued)
      requestAnimationFrame(() => {
        queued = false;
        range.max = player.last;
        range.value = player.at;
        draw();
      });
    queued = true;
  };
  player.go = (at) => {
    player.at = clamp(Math.round(at), 0, player.last);
    player.redraw();
  };
  player.rest = () => {
    clearTimeout(rest);
    rest = setTimeout(() => host.isConnected && rested(), RESTS);
  };
  // The slowest speed at which all is seen while one still looks.
  const suit = () => {
    const slow = [...ask("select").options].find(({ value }) => player.last <= WATCHED * value * pace());
    ask("select").value = slow ? slow.value : "4";
  };
  player.playing = (on) => {
    clearInterval(timer);
    clearTimeout(rest);
    timer = 0;
    if (on) {
      if (player.at >= player.last) player.go(0);
      if (!chosen) suit();
      const rate = ask("select").value * pace();
      // Long films skip positions, but at slow speed, so that none lasts longer than a quarter of a minute.
      const stride = skips() && rate > pace() ? Math.max(1, Math.ceil(player.last / (MOST_SECONDS * rate))) : 1;
      const tick = () => (player.at >= player.last || !host.isConnected ? hold() : player.go(player.at + stride));
      timer = setInterval(tick, 1000 / rate);
    }
    const button = ask("[data-do=play]");
    button.querySelector("span").textContent = words[on ? 1 : 0];
    if (ask(".now")) ask(".now").setAttribute("aria-live", on ? "off" : "polite");
    button.querySelector("path").setAttribute("d", on ? "M4 2h3v12h-3zM9 2h3v12h-3z" : "M4 2v12l9-6z");
  };
  // Where to begin, and whether to play from there by itself: not where the visitor's system asks for less motion.
  player.begin = (at, play) => {
    player.playing(false);
    player.go(at);
    if (play && !STILL.matches) player.playing(true);
  };
  // On a way from A to B that begins in the middle, unless the address asks for another share of it.
  player.beginWay = ({ share, play }) => player.begin(share === null ? (play ? 0 : player.at) : share * player.last, play);
  player.say = (text) => range.setAttribute("aria-valuetext", text);
  const hold = () => {
    player.playing(false);
    player.rest();
  };
  const take = (player.take = (at) => {
    hold();
    player.go(at);
  });
  const moves = { first: () => 0, back: () => player.at - 1, next: () => player.at + 1, last: () => player.last };
  host.querySelectorAll("[data-do]").forEach((button) => {
    const name = button.dataset.do;
    button.onclick = () => (name !== "play" ? take(moves[name]()) : timer ? hold() : player.playing(true));
  });
  range.oninput = () => take(range.valueAsNumber);
  ask("select").onchange = () => {
    chosen = true;
    if (timer) player.playing(true);
  };
  host.addEventListener("keydown", (event) => {
    if (/INPUT|SELECT|CANVAS/.test(event.target.tagName)) return;
    const name = { ArrowLeft: "back", ArrowRight: "next", Home: "first", End: "last" }[event.key];
    if (!name) return;
    event.preventDefault();
    take(moves[name]());
  });
  // A pointer on a curve goes to the position under it.
  player.scrubs = (canvas, toPosition) => {
    canvas.onpointerdown = canvas.onpointermove = (event) => {
      if (event.type === "pointerdown") canvas.setPointerCapture(event.pointerId);
      if (event.buttons) take(toPosition(event.offsetX));
    };
  };
  return player;
};
