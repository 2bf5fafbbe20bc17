// One point in a square of z: every G answers with its image at this place.
function slider(name, last, moved) {
  const range = make("input", { type: "range", min: 0, max: last, step: 1 });
  range.value = Math.ceil(last / 2);
  range.addEventListener("input", moved);
  return [range, make("label", {}, `${name} `, range)];
}

function walk(root) {
  const side = Number(root.dataset.side);
  const last = side - 1;
  const [across, acrossLabel] = slider("Across", last, show);
  const [up, upLabel] = slider("Up", last, show);
  const point = make("span", { className: "point" });
  const pad = make("div", { className: "pad" }, point);
  const output = make("output");

  const images = all("img", root);
  for (const image of images) {
    const [width, height] = ["width", "height"].map((name) => image.getAttribute(name));
    image.parentElement.style.aspectRatio = `${width} / ${height}`;
    image.style.width = `${100 * side}%`;
    image.alt = image.alt.replace(/^.*? images/, "the image at the point, one of those");
  }

  function show() {
    const [x, y] = [across.valueAsNumber, last - up.valueAsNumber];
    const [left, top] = [x, y].map((place) => (-100 * place) / side);
    for (const image of images) image.style.transform = `translate(${left}%, ${top}%)`;
    point.style.left = `${(100 * x) / last}%`;
    point.style.top = `${(100 * y) / last}%`;
    output.textContent = `column ${x + 1}, row ${y + 1} of ${side}`;
    for (const range of [across, up]) {
      range.setAttribute("aria-valuetext", `${range.valueAsNumber + 1} of ${side}`);
    }
  }

  function follow({ clientX, clientY }) {
    const { left, bottom, width, height } = pad.getBoundingClientRect();
    across.value = Math.round(((clientX - left) / width) * last);
    up.value = Math.round(((bottom - clientY) / height) * last);
    show();
  }

  // Its frame is larger, so that the point can be taken at the edges too.
  const frame = make("div", { className: "frame" }, pad);
  frame.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    frame.setPointerCapture(event.pointerId);
    across.focus({ preventScroll: true });
    follow(event);
  });
  frame.addEventListener("pointermove", (event) => {
    if (frame.hasPointerCapture(event.pointerId)) follow(event);
  });

  // After a drag each of the four arrow keys moves the point to its side.
  across.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    up.value = up.valueAsNumber + by;
    show();
  });

  const tip = "Drag the point, or use the arrow keys: every generator shows its image of that point.";
  const texts = make("div", {}, make("p", { textContent: tip }), acrossLabel, upLabel, output);
  root.prepend(make("div", { className: "steer" }, frame, texts));
  root.classList.add("live");
  show();
}

all(".walk").forEach(walk);
