// Four families at work, side by side, under one button that stops and starts all motion.

const PACE = 33; // milliseconds from picture to picture, at least,
const SHARE = 4; // and so many times what the picture took, so that a slow device has time for the rest of the page

const makeHero = (root, data) => {
  const host = root.querySelector(".hero");
  const ask = (selector) => host.querySelector(selector);
  let [moving, seen, looping, last, due] = [!still(), true, false, 0, 0];

  const lives = data.families.map((told, i) => {
    const figure = ask(".four").children[i];
    figure.style.setProperty("--own", told.colour);
    figure.querySelector("figcaption").textContent = told.title;
    figure.querySelector("span").textContent = told.way;
    const canvas = figure.querySelector("canvas");
    canvas.setAttribute("aria-label", `${told.title}: a digit that it makes from ${told.mean.length} numbers, ${told.way}. Drag, or use the arrow keys, to change the numbers.`);
    return makeLiving(canvas, told, () => wake());
  });

  const frame = (now) => {
    looping = host.isConnected && seen && (moving || lives.some((each) => each.stale));
    if (!looping) return;
    requestAnimationFrame(frame);
    if (now < due) return;
    const begun = performance.now();
    for (const each of lives) {
      if (!each.decoder || !(moving || each.stale)) continue;
      if (moving) each.drift(Math.min(now - last, 100));
      each.draw(!moving);
      each.stale = false;
    }
    last = now;
    due = now + Math.max(PACE - 4, SHARE * (performance.now() - begun));
  };
  const loop = () => {
    if (looping) return;
    looping = true;
    last = performance.now();
    requestAnimationFrame(frame);
  };
  const wake = () => {
    for (const each of lives) each.stale = Boolean(each.decoder);
    loop();
  };
  const tell = () => {
    const button = ask("button");
    button.querySelector("path").setAttribute("d", moving ? "M4 2h3v12h-3zM9 2h3v12h-3z" : "M4 2v12l9-6z");
    button.querySelector("span").textContent = moving ? "Stop" : "Move";
    host.dataset.moving = moving;
  };
  ask("button").onclick = () => {
    moving = !moving;
    tell();
    wake();
  };
  new IntersectionObserver(([entry]) => {
    seen = entry.isIntersecting;
    loop();
  }).observe(ask(".four"));
  tell();
  Promise.all(
    lives.map((each) =>
      each
        .load()
        .then(wake)
        .catch((error) => (ask(".told").textContent = error.message)),
    ),
  ).then(() => (host.dataset.state = lives.every((each) => each.decoder) ? "live" : "failed"));
};

const heroes = new WeakSet();

export default function ({ data, parentElement: root }) {
  if (heroes.has(root)) return;
  heroes.add(root);
  makeHero(root, data);
}
