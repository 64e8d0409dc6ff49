// Images to be sorted: those that are marked are said to be made. Once they were sorted, each tells what it was.

const SORTER = `
  <div class="hand" role="group" aria-label="Images to sort"></div>
  <div class="tools">
    <button type="button" class="play" data-do="check">Check</button>
    <button type="button" data-do="clear">Clear</button>
    <span class="count" aria-live="polite"></span>
  </div>`;

const makeSorter = (host) => {
  host.innerHTML = SORTER;
  const ask = (selector) => host.querySelector(selector);
  const sorter = { host, deal: "", marks: new Set(), truth: null };
  // What was marked is there again after a refresh; where a browser keeps nothing, it is not.
  const memory = () => `genlib sorted ${sorter.deal}`;
  const keep = () => {
    try { sessionStorage.setItem(memory(), JSON.stringify([...sorter.marks])); } catch { /* it keeps nothing */ }
  };
  const recall = () => {
    try { return JSON.parse(sessionStorage.getItem(memory())) || []; } catch { return []; }
  };
  const told = (made) => (made ? "made" : "real");
  const draw = () => {
    const { truth, marks } = sorter;
    ask(".hand").querySelectorAll("button").forEach((button, i) => {
      const made = truth ? truth.marked[i] : marks.has(i);
      const right = truth && truth.made[i] === made;
      button.setAttribute("aria-pressed", made);
      button.setAttribute("aria-disabled", !!truth);
      button.dataset.verdict = truth ? (right ? "right" : "wrong") : "";
      const net = truth && truth.rival ? ` · network ${truth.rival[i] === truth.made[i] ? "✓" : "✗"}` : "";
      button.querySelector("b").textContent = truth ? `${right ? "✓" : "✗"} ${told(truth.made[i])}` : made ? "made" : "real?";
      button.querySelector("small").textContent = truth ? net.slice(3) : "";
      button.setAttribute("aria-label", truth ? `Image ${i + 1} is ${told(truth.made[i])}, you said ${told(made)}${net}` : `Image ${i + 1}: ${told(made)}`);
    });
    host.querySelectorAll(".tools button").forEach((button) => (button.hidden = !!truth));
    ask(".count").textContent = truth ? "" : `${marks.size} marked as made`;
  };
  sorter.open = ({ images, deal, truth }) => {
    sorter.truth = truth;
    if (deal !== sorter.deal) {
      sorter.deal = deal;
      const pixels = bytes(images);
      const n = pixels.length / 784;
      sorter.marks = new Set(recall().filter((i) => Number.isInteger(i) && i >= 0 && i < n));
      ask(".hand").textContent = "";
      for (let i = 0; i < n; i++) {
        const button = ask(".hand").appendChild(document.createElement("button"));
        button.type = "button";
        button.innerHTML = `<canvas aria-hidden="true"></canvas><b></b><small></small>`;
        sheet(button.querySelector("canvas"), pixels.subarray(784 * i, 784 * (i + 1)), 28, 1);
        button.onclick = () => {
          if (sorter.truth) return;
          sorter.marks.delete(i) || sorter.marks.add(i);
          keep();
          draw();
        };
      }
    }
    draw();
  };
  ask("[data-do=clear]").onclick = () => {
    sorter.marks.clear();
    keep();
    draw();
  };
  ask("[data-do=check]").onclick = () => sorter.tell({ deal: sorter.deal, marked: [...sorter.marks].sort((a, b) => a - b) });
  return sorter;
};

const sorters = new WeakMap();

export default function ({ data, parentElement: root, setStateValue }) {
  const host = root.querySelector(".sorter");
  const sorter = sorters.get(host) || makeSorter(host);
  sorters.set(host, sorter);
  sorter.tell = (answer) => setStateValue("answer", answer);
  sorter.open(data);
}
