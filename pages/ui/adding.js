// Points that a visitor puts on a picture of the plane.

const MOST_ADDED = 200;

const paintCursor = (panel, colours) => {
  const context = panel.canvas.getContext("2d");
  const [x, y] = [panel.view.px(panel.cursor[0]), panel.view.py(panel.cursor[1])];
  context.strokeStyle = colours.text;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x - 9, y);
  context.lineTo(x + 9, y);
  context.moveTo(x, y - 9);
  context.lineTo(x, y + 9);
  context.stroke();
};

// Adding points: a click, or arrow keys and Enter on the focused picture.
const arm = (host, book) => {
  host.classList.toggle("adding", book.adding);
  for (const panel of book.panels) {
    const canvas = panel.canvas;
    if (book.adding) canvas.tabIndex = 0;
    else canvas.removeAttribute("tabindex");
    // What takes keys is no picture.
    canvas.setAttribute("role", book.adding ? "application" : "img");
    if (book.adding) canvas.setAttribute("aria-description", "Arrow keys move a cross, Enter puts a point.");
    else canvas.removeAttribute("aria-description");
    panel.cursor = undefined;
    const put = (x, y) => {
      const point = [Number(x.toPrecision(6)), Number(y.toPrecision(6))];
      if (book.added.length >= MOST_ADDED) return;
      book.added.push(point);
      // The whole list goes each time, so that a click during a run of the page cannot be lost.
      book.send("added", { epoch: book.epoch, points: book.added });
    };
    canvas.onpointerdown = (event) => book.adding && put(panel.view.x(event.offsetX), panel.view.y(event.offsetY));
    canvas.onkeydown = (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!book.adding || (!step && event.key !== "Enter")) return;
      event.preventDefault();
      const here = panel.cursor || [panel.view.x(panel.view.width / 2), panel.view.y(panel.view.height / 2)];
      if (step) panel.cursor = [here[0] + (10 * step[0]) / panel.view.sx, here[1] + (10 * step[1]) / panel.view.sy];
      else put(...here);
      book.player.redraw();
    };
  }
  book.player.redraw();
};
