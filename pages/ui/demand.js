// One model that draws the digit it is asked for: the same code under another label, or asked again, another code.

const TURN = 450; // milliseconds from one digit to another

const makeAsked = (root, data) => {
  const host = root.querySelector(".demand");
  const ask = (selector) => host.querySelector(selector);
  const canvas = ask("canvas");
  let [mix, digit, turning] = [null, data.model.label, 0];
  const draw = () => living.decoder && living.draw(true);
  const living = makeLiving(canvas, data.model, () => requestAnimationFrame(draw));
  canvas.parentElement.style.setProperty("--own", data.model.colour);

  const tell = () => {
    canvas.setAttribute("aria-label", `A ${digit} that the GAN was asked for. Drag, or use the arrow keys, for other ways to write it.`);
    host.querySelectorAll("button").forEach((button, i) => button.setAttribute("aria-pressed", i === digit));
  };
  const turn = (began, old) => {
    const mine = ++turning;
    const step = () => {
      if (mine !== turning || !host.isConnected) return;
      const t = still() ? 1 : Math.min(1, (performance.now() - began) / TURN);
      mix = old.map((share, i) => (1 - eased(t)) * share + (i === digit ? eased(t) : 0));
      living.label = mix;
      living.draw(true);
      host.dataset.digit = t === 1 ? digit : "";
      if (t < 1) requestAnimationFrame(step);
    };
    step();
  };
  data.classes.forEach((name, i) => {
    const button = ask(".digits").appendChild(document.createElement("button"));
    button.type = "button";
    button.textContent = name;
    button.onclick = () => {
      if (!living.decoder) return;
      if (i === digit) return living.jump();
      digit = i;
      tell();
      turn(performance.now(), mix);
    };
  });
  tell();
  mix = data.classes.map((_, i) => +(i === digit));
  living.load().then(
    () => {
      draw();
      host.dataset.digit = digit;
    },
    (error) => (ask(".told").textContent = error.message),
  );
};

const demands = new WeakSet();

export default function ({ data, parentElement: root }) {
  if (demands.has(root)) return;
  demands.add(root);
  makeAsked(root, data);
}
