// Another page of the app within this one. The page before stays until the next is there, so that nothing flashes.

const LONGEST_WAIT = 10000; // ms, then what is there is shown as it is
const TITLED = 1200; // ms after its title stands, then a page shows that it is still at work

export default function ({ parentElement, data, setTriggerValue }) {
  const ask = (selector) => parentElement.querySelector(selector);
  const host = ask(".stage-host");
  host.over = () => setTriggerValue("over", data.step);

  // Who presents holds a clicker, which speaks Page Up and Page Down, wherever the focus is.
  const keys = (event) => {
    const name = { PageDown: "next", PageUp: "back" }[event.key];
    const button = name && document.querySelector(`.st-key-step_${name} button, .st-key-step_${name}_ button`);
    if (!button) return;
    event.preventDefault();
    button.click();
  };
  host.clock = host.clock || clock(parentElement, () => host.over());
  if (host.dataset.source !== data.source) show(host, data, keys, () => host.clock(data.seconds));
  else if (host.dataset.step !== `${data.step}`) host.clock(data.seconds);
  host.dataset.step = data.step;
  document.addEventListener("keydown", keys);
  return () => document.removeEventListener("keydown", keys);
}

// Loads a page beside the one that is shown, and shows it once it has drawn its title.
function show(host, data, keys, shown) {
  host.dataset.source = data.source;
  host.dataset.state = "loading";
  host.querySelectorAll("iframe.next").forEach((frame) => frame.remove());
  const frame = document.createElement("iframe");
  frame.className = "next";
  frame.title = data.title;
  frame.src = data.source;
  host.append(frame);
  const began = performance.now();
  let titled = 0;
  const look = () => {
    if (!frame.isConnected) return;
    const app = frame.contentDocument && frame.contentDocument.querySelector("[data-testid=stApp]");
    if (app && app.querySelector("h1")) titled ||= performance.now();
    const drawn = titled && (app.dataset.testScriptState === "notRunning" || performance.now() - titled > TITLED);
    if (!drawn && performance.now() - began < LONGEST_WAIT) return setTimeout(look, 60);
    host.querySelectorAll("iframe").forEach((other) => other !== frame && other.remove());
    frame.className = "";
    host.dataset.state = "shown";
    frame.contentWindow.addEventListener("keydown", keys);
    grow(frame);
    shown();
  };
  look();
}

// On a phone the page is as high as what it holds, so that there is one thing to scroll and not two.
function grow(frame) {
  const block = frame.contentDocument.querySelector("[data-testid=stMainBlockContainer]");
  if (!block) return;
  const narrow = matchMedia("(max-width: 640px)");
  const fit = () => (frame.style.height = narrow.matches ? `${Math.max(420, block.scrollHeight)}px` : "");
  new ResizeObserver(fit).observe(block);
  fit();
}

// Counts the seconds of a step that goes by itself; returns what starts it anew.
function clock(root, over) {
  const bar = root.querySelector(".stage-bar");
  const button = bar.querySelector("button");
  let timer = 0, left = 0, whole = 0, stopped = false;
  const draw = () => {
    const share = whole ? 1 - left / whole : 0;
    bar.querySelector("i").style.width = `${100 * share}%`;
    bar.querySelector(".bar").setAttribute("aria-valuenow", Math.round(100 * share));
  };
  button.onclick = () => {
    stopped = !stopped;
    button.querySelector("span").textContent = stopped ? "Go on" : "Stop";
    button.setAttribute("aria-pressed", stopped);
  };
  return (seconds) => {
    clearInterval(timer);
    bar.hidden = !seconds;
    left = whole = seconds;
    draw();
    if (!seconds) return;
    timer = setInterval(() => {
      if (!bar.isConnected) return clearInterval(timer);
      if (stopped || document.hidden) return;
      left -= 0.25;
      draw();
      if (left > 0) return;
      clearInterval(timer);
      over();
    }, 250);
  };
}
