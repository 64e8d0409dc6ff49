// Another page of the app within this one. The page before stays until the next is there, so that nothing flashes.

export default function ({ parentElement, data }) {
  const host = parentElement.querySelector(".stage-host");
  const calm = () => matchMedia("(max-width: 640px)").matches;
  if (host.dataset.source === data.source) return;
  host.dataset.source = data.source;
  host.querySelectorAll("iframe.next").forEach((frame) => frame.remove());
  const frame = document.createElement("iframe");
  frame.className = "next";
  frame.title = data.title;
  frame.src = data.source;
  host.append(frame);
  host.dataset.state = "loading";

  const began = performance.now();
  const look = () => {
    if (!frame.isConnected) return;
    const app = frame.contentDocument && frame.contentDocument.querySelector("[data-testid=stApp]");
    const drawn = app && app.dataset.testScriptState === "notRunning" && app.querySelector("h1");
    if (!drawn && performance.now() - began < 8000) return setTimeout(look, 60);
    host.querySelectorAll("iframe").forEach((other) => other !== frame && other.remove());
    frame.className = "";
    host.dataset.state = "shown";
    grow();
  };
  // On a phone the page is as high as what it holds, so that there is one thing to scroll and not two.
  const grow = () => {
    const block = frame.contentDocument && frame.contentDocument.querySelector("[data-testid=stMainBlockContainer]");
    if (!block) return;
    const fit = () => (frame.style.height = calm() ? `${Math.max(420, block.scrollHeight)}px` : "");
    new ResizeObserver(fit).observe(block);
    fit();
  };
  look();
}
