// From image A to image B: each model decodes the way between its own two codes, under one player.

const POSITIONS = 60;
const STRIP = 9;

const LANE = `<header><b class="name"></b></header><div class="ends"><canvas class="a" role="img"></canvas><div class="frame"><canvas class="image" width="28" height="28" role="img"></canvas></div><canvas class="b" role="img"></canvas></div><canvas class="strip" width="${28 * STRIP}" height="28" aria-hidden="true"></canvas><p class="note"></p>`;

const makeMorph = (root) => {
  const host = root.querySelector(".morph");
  const ask = (selector) => host.querySelector(selector);
  const morph = { host, ask, lanes: [], of: "" };
  const draw = () => {
    const t = morph.player.at / POSITIONS;
    for (const lane of morph.lanes) {
      if (!lane.decoder) continue;
      tile(lane.image, at(lane, t), 0, 0);
      lane.image.canvas.setAttribute("aria-label", `${lane.run.title}: the image at ${Math.round(100 * t)} % of the way from A to B`);
    }
    host.dataset.at = morph.player.at;
    const said = t === 0 ? "At A." : t === 1 ? "At B." : `${Math.round(100 * t)} % of the way from A to B.`;
    ask(".now").textContent = said;
    morph.player.say(said);
  };
  // What a lane shows at t: style is the code, class the digit that is asked for; one of them may stay that of A.
  const at = ({ run, decoder }, t) => {
    const { circle, what } = morph.data;
    const z = decoder.labels && what === "class" ? run.a : between(run.a, run.b, t, circle);
    const mix = new Float32Array(10);
    const turn = what === "style" ? 0 : t;
    mix[run.digits[0]] += 1 - turn;
    mix[run.digits[1]] += turn;
    return decoder.decode(z, mix);
  };
  morph.player = makePlayer(host, { draw, pace: () => 15, rested: () => morph.seen(morph.player.at / POSITIONS) });
  morph.player.last = POSITIONS;
  morph.player.at = POSITIONS / 2;
  morph.open = async () => {
    const { data } = morph;
    const mine = (morph.mine = {});
    host.dataset.state = "loading";
    morph.player.playing(false);
    ask(".lanes").textContent = "";
    morph.lanes = data.lanes.map((run) => {
      const box = ask(".lanes").appendChild(document.createElement("div"));
      box.className = "lane";
      box.innerHTML = LANE;
      const own = (selector) => box.querySelector(selector);
      own(".name").textContent = run.title;
      own(".name").style.borderColor = run.colour;
      own(".note").textContent = run.note;
      own(".image").setAttribute("aria-label", `${run.title}: not drawn yet`);
      for (const end of ["a", "b"]) {
        sheet(own(`.${end}`), bytes(data.images[end]), 28, 1);
        own(`.${end}`).setAttribute("aria-label", `image ${end.toUpperCase()}`);
      }
      return { run, image: own(".image").getContext("2d"), strip: own(".strip").getContext("2d"), note: own(".note") };
    });
    for (const lane of morph.lanes) {
      try {
        const decoder = await loadDecoder(lane.run.name);
        if (morph.mine !== mine) return;
        if (decoder.fallback) throw new Error(decoder.error);
        lane.decoder = decoder;
        for (let i = 0; i < STRIP; i++) tile(lane.strip, at(lane, i / (STRIP - 1)), 28 * i, 0);
        morph.player.redraw();
      } catch (error) {
        if (morph.mine !== mine) return;
        lane.note.textContent = error.message; // the others go on
      }
    }
    host.dataset.state = morph.lanes.some((lane) => lane.decoder) ? "whole" : "failed";
    if (!morph.begun) morph.player.beginWay(data);
    morph.begun = true;
  };
  return morph;
};

const morphs = new WeakMap();

export default function ({ data, parentElement: root, setTriggerValue }) {
  const morph = morphs.get(root) || makeMorph(root);
  morphs.set(root, morph);
  morph.data = data;
  morph.seen = (share) => setTriggerValue("seen", share);
  const of = JSON.stringify({ ...data, play: 0, share: 0 });
  if (of === morph.of) return;
  morph.of = of;
  morph.open();
}
