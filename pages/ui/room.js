// The training room: sheets of images, what D thinks of them, reconstructions, and a map of the codes.

const PAIRS_IN_A_ROW = 4;

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

const mean = (numbers) => numbers.reduce((sum, value) => sum + value, 0) / (numbers.length || 1);

// What the pictures of a frame show, for those who cannot see them.
const nameImages = ({ run, ask, shown }, { samples, reconstructions, codes, real_scores: real, new_scores: made }, originals) => {
  const name = (selector, text) => ask(selector).setAttribute("aria-label", `${text} ${run.title}, step ${shown.toLocaleString("en")}.`);
  if (samples) name(".samples", `${samples.length / 784} ${run.things} that it makes; ${((100 * mean(samples)) / 255).toFixed(0)} % of full brightness on average.`);
  if (real) name(".scores", `${run.minds.note} Its answer is ${minus(mean(real), 2)} on average to real ${run.things}, ${minus(mean(made), 2)} to new ones.`);
  if (reconstructions && originals) {
    const off = Math.sqrt(mean(Array.from(reconstructions, (value, i) => (value - originals[i]) ** 2)));
    name(".pairs", `${reconstructions.length / 784} test ${run.things}, each above its reconstruction; a pixel is off by ${off.toFixed(0)} of 255 grey levels, root mean squared.`);
  }
  if (codes) name(".map", run.mapnote);
};

const IMAGES = {
  words: ["Replay", "Hold"],
  epochs: true,
  pictures: `
  <div class="row pictures">
    <section><h2 class="new"></h2><div class="frame"><canvas class="samples" role="img"></canvas></div><p class="how"></p></section>
    <section class="minds"><h2>What D thinks</h2><div class="frame"><canvas class="scores" role="img"></canvas></div><p class="scorenote"></p></section>
    <section class="coded"><h2 class="real"></h2><div class="frame"><canvas class="pairs" role="img"></canvas></div><p>Test images it never trained on, each above its reconstruction.</p></section>
    <section class="coded"><h2>Map of the codes</h2><div class="frame"><canvas class="map" role="img"></canvas></div><p class="mapnote"></p></section>
  </div>`,
  tell: ({ run, film, ask, box }) => {
    ask(".new").textContent = `New ${run.things}`;
    ask(".real").textContent = `Real ${run.things}, rebuilt`;
    ask(".pictures").classList.toggle("waiting", film.news.film !== run.name);
    ask(".mapnote").textContent = run.mapnote;
    ask(".how").textContent = run.how;
    for (const section of box.querySelectorAll(".coded")) section.hidden = !run.maps;
    ask(".minds").hidden = run.maps;
    ask(".scorenote").textContent = run.minds.note;
    ask(".pictures").classList.toggle("game", !run.maps);
  },
  draw: (lane, frame, { host, data }) => {
    const { run, film, ask } = lane;
    const { originals, labels } = film.constants;
    nameImages(lane, frame, originals);
    if (frame.samples) sheet(ask(".samples"), frame.samples, 28, run.columns);
    if (frame.real_scores) histogram(ask(".scores"), [frame.real_scores, frame.new_scores], run.minds, theme(host));
    if (frame.reconstructions && originals) sheet(ask(".pairs"), pairs(originals, frame.reconstructions, 28), 28, PAIRS_IN_A_ROW);
    if (frame.codes && labels) latentMap(ask(".map"), frame.codes, labels, data.palette, theme(host), null, run.classes);
  },
};

export default function (component) {
  showRoom(component, IMAGES);
}
