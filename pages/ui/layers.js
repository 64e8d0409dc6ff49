// What a picture of the plane is made of, and the words of its caption, which switch it.

const WORDS = { data: "data", samples: "samples", surface: "D's surface with its 0.5 line", ideal: "the best D's 0.5 line", best: "the best D's surface", grid: "the warped grid", needles: "needles", pairs: "test points, rebuilt", ellipses: "components", density: "density" };
const SIGNS = { data: "dot", samples: "dot", surface: "area", ideal: "dashes", best: "area", grid: "line", needles: "arrow", pairs: "line", ellipses: "ring", density: "grey" };
const SHOWN = ["data", "samples", "surface", "ellipses"]; // at first

const layersOf = (run) => {
  const own = {
    gan2d: ["surface", ...(run.known && !run.scored ? ["ideal", "best"] : []), "grid", "needles"],
    vae2d: ["grid", "pairs"],
    ae2d: ["grid", "pairs"],
    mixture2d: ["ellipses", "density"],
  }[run.family];
  return run.name ? ["data", "samples", ...own] : ["data"];
};
const wordOf = (run, layer) => {
  if (layer === "grid" && run.width === 1) return "the curve of all codes";
  if (layer === "surface" && run.scored) return "D's score with its level lines";
  return WORDS[layer].replace("0.5", run.middle);
};
const colourOf = (run, layer) => ({ data: "var(--real)", ideal: "currentColor", grid: run.family === "gan2d" ? CLASSES[6] : run.colour, ellipses: "currentColor", needles: "currentColor", pairs: CLASSES[2] })[layer] || run.colour;

// What is on: a layer of one family's is not asked for where another has it.
const isOn = (room, run, layer) => room.layers[layer] ?? (layer === "grid" ? run.family !== "gan2d" : SHOWN.includes(layer));

const tellLayers = (room, lane) => {
  const { run, ask } = lane;
  const box = ask(".layers");
  const mark = JSON.stringify([run.name, run.family, run.known, run.scored, run.width]);
  if (lane.layered !== mark) {
    lane.layered = mark;
    box.textContent = "";
    for (const layer of layersOf(run)) {
      const button = box.appendChild(document.createElement("button"));
      button.type = "button";
      button.dataset.layer = layer;
      button.innerHTML = `<i class="${SIGNS[layer]}"></i><span></span>`;
      button.querySelector("i").style.color = colourOf(run, layer);
      button.querySelector("span").textContent = wordOf(run, layer);
      button.onclick = () => {
        const on = !isOn(room, run, layer);
        room.layers[layer] = on;
        // One surface covers the other.
        if (on && layer === "best") room.layers.surface = false;
        if (on && layer === "surface") room.layers.best = false;
        room.lanes.forEach((each) => tellLayers(room, each));
        room.tell("layers", Object.keys(WORDS).filter((name) => room.lanes.some((each) => layersOf(each.run).includes(name) && isOn(room, each.run, name))).join(","));
        room.all();
      };
    }
  }
  for (const button of box.children) button.setAttribute("aria-pressed", isOn(room, run, button.dataset.layer));
};
