// Original, damage and repair under one slider: from left to right one gives way to the next.

const WIPE = `<canvas width="28" height="28" role="img"></canvas>
  <input type="range" min="0" max="200" value="200" aria-label="From the original over the damage to the repair" />
  <p class="ends"><span>Original</span><span></span><span>Repair</span></p>`;

export default function ({ data, parentElement: root, setTriggerValue }) {
  const host = root.querySelector(".wipe");
  const first = !host.firstChild;
  if (first) host.innerHTML = WIPE;
  const [canvas, slider] = [host.querySelector("canvas"), host.querySelector("input")];
  host.querySelectorAll(".ends span")[1].textContent = data.damage;
  const names = ["original", data.damage.toLowerCase(), "repair"];
  const layers = data.layers.map((text) => bytes(text));
  const draw = () => {
    // At 0, 100 and 200 one layer covers all; between them the border moves across the image.
    const at = slider.valueAsNumber;
    const first = Math.min(1, Math.floor(at / 100));
    const border = Math.round((28 * (at - 100 * first)) / 100);
    const context = canvas.getContext("2d");
    const image = context.createImageData(28, 28);
    for (let i = 0; i < 784; i++) {
      const from = layers[i % 28 < border ? first + 1 : first];
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = from[3 * i + c];
      image.data[4 * i + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    const shown = border === 0 ? names[first] : border === 28 ? names[first + 1] : `${names[first + 1]} beside ${names[first]}`;
    canvas.setAttribute("aria-label", `The ${shown}`);
    slider.setAttribute("aria-valuetext", shown);
    host.dataset.at = at;
  };
  if (first) slider.value = data.at;
  slider.oninput = draw;
  slider.onchange = () => setTriggerValue("at", slider.valueAsNumber);
  draw();
}
