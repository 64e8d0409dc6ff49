// From one portrait to another: through the codes of the model, and pixel by pixel, under one player.

const [WIDE, BLENDS, POSITIONS] = [64, 7, 60]; // pixels of a face; faces in a strip; positions from A to B
const LANES = [
  ["codes", "Through the codes", "The model draws every step: a face all the way."],
  ["pixels", "Pixel by pixel", "Both pictures laid over each other: in the middle there are two people at once."],
];

const blends = new WeakMap();

const makeBlend = (root) => {
  const host = root.querySelector(".blend");
  const ask = (selector) => host.querySelector(selector);
  const blend = { host, ask, of: "" };
  const at = (kind, t) => {
    if (kind === "pixels") return blend.ends.pixels[0].map((x, i) => (1 - t) * x + t * blend.ends.pixels[1][i]);
    return blend.decoder.decode(blend.ends.codes[0].map((x, j) => (1 - t) * x + t * blend.ends.codes[1][j]));
  };
  const draw = () => {
    if (!blend.ends) return;
    const t = blend.player.at / POSITIONS;
    for (const lane of blend.lanes) {
      tile(lane.image, at(lane.kind, t), 0, 0);
      lane.image.canvas.setAttribute("aria-label", `${lane.title}: the face at ${Math.round(100 * t)} % of the way from A to B`);
    }
    host.dataset.at = blend.player.at;
    const said = t === 0 ? "At A." : t === 1 ? "At B." : `${Math.round(100 * t)} % of the way from A to B.`;
    ask(".now").textContent = said;
    blend.player.say(said);
  };
  blend.player = makePlayer(host, { draw, pace: () => 15, rested: () => blend.seen(blend.player.at / POSITIONS) });
  blend.player.last = POSITIONS;
  blend.player.at = POSITIONS / 2;
  blend.lanes = LANES.map(([kind, title, note]) => {
    const box = ask(".lanes").appendChild(document.createElement("div"));
    box.className = "lane";
    box.innerHTML = `<header><b></b></header><div class="ends"><canvas class="a" width="${WIDE}" height="${WIDE}" role="img"></canvas><div class="frame"><canvas class="image" width="${WIDE}" height="${WIDE}" role="img"></canvas></div><canvas class="b" width="${WIDE}" height="${WIDE}" role="img"></canvas></div><canvas class="strip" width="${BLENDS * WIDE}" height="${WIDE}" aria-hidden="true"></canvas><p></p>`;
    const context = (name) => box.querySelector(`.${name}`).getContext("2d");
    box.querySelector("b").textContent = title;
    box.querySelector("p").textContent = note;
    box.querySelector(".image").setAttribute("aria-label", `${title}: not drawn yet`);
    for (const end of ["a", "b"]) box.querySelector(`.${end}`).setAttribute("aria-label", `photograph ${end.toUpperCase()}`);
    return { kind, title, image: context("image"), strip: context("strip"), a: context("a"), b: context("b") };
  });
  blend.open = async () => {
    try {
      if (!blend.decoder) {
        const { told, arrays } = unpack(await get("genlib/portraits"));
        [blend.arrays, blend.decoder] = [arrays, makeDecoder("portraits", { told, arrays })];
      }
      const { codes, photographs } = blend.arrays;
      const d = blend.decoder.latentDim;
      const numbers = [blend.data.a, blend.data.b];
      blend.ends = {
        codes: numbers.map((k) => codes.slice(k * d, (k + 1) * d)),
        pixels: numbers.map((k) => Float32Array.from(photographs.subarray(k * WIDE * WIDE, (k + 1) * WIDE * WIDE), (x) => x / 255)),
      };
      for (const lane of blend.lanes) {
        ["a", "b"].forEach((end, i) => tile(lane[end], blend.ends.pixels[i], 0, 0));
        for (let i = 0; i < BLENDS; i++) tile(lane.strip, at(lane.kind, i / (BLENDS - 1)), WIDE * i, 0);
      }
      blend.player.redraw();
      host.dataset.state = "whole";
      if (!blend.begun) blend.player.beginWay(blend.data);
      blend.begun = true;
    } catch (error) {
      host.dataset.state = "failed";
      ask(".now").textContent = error.message;
    }
  };
  return blend;
};

export default function ({ data, parentElement: root, setTriggerValue }) {
  const blend = blends.get(root) || makeBlend(root);
  blends.set(root, blend);
  blend.data = data;
  blend.seen = (share) => setTriggerValue("seen", share);
  const of = JSON.stringify({ ...data, play: 0, share: 0 });
  if (of === blend.of) return;
  blend.of = of;
  blend.open();
}
