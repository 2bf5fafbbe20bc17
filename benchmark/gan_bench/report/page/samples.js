// A slider moves through the ticks of the samples; a tap enlarges those of one cell.
const still = matchMedia("(prefers-reduced-motion: reduce)");
const STEP = 500; // ms for each tick

// A picture of all ticks, of which one is seen. `show` moves to the last tick until then.
function windowOn(image, frame, ticks) {
  frame.classList.add("strip", "live");
  frame.style.aspectRatio = `${image.getAttribute("width") / ticks.length} / ${image.getAttribute("height")}`;
  image.style.width = `${100 * ticks.length}%`;
  frame.append(image);
  return (kimg) => {
    const place = Math.max(0, ticks.findLastIndex((tick) => tick <= kimg));
    image.style.transform = `translateX(${(-100 * place) / ticks.length}%)`;
    return ticks[place];
  };
}

function gallery(root) {
  const ticks = root.dataset.kimg.split(" ").map(Number);
  const range = make("input", { type: "range", min: 0, max: ticks.length - 1, step: 1 });
  range.value = ticks.length - 1;
  const output = make("output");
  const play = make("button", { type: "button" });
  const dialog = make("dialog");
  let enlarged = null; // shows a tick in the dialog
  let timer = 0;

  const strips = all(".strip", root).map((strip) => {
    const image = strip.querySelector("img");
    const own = strip.dataset.kimg.split(" ").map(Number);
    const name = textOf(strip.nextElementSibling.querySelector("b"));
    const button = make("button", { type: "button" });
    const move = windowOn(image, button, own);
    strip.replaceWith(button);
    button.addEventListener("click", () => enlarge(image, own, name));
    return (kimg) => {
      const seen = move(kimg);
      button.setAttribute("aria-label", `${name} at ${seen} kimg: enlarge`);
      return seen;
    };
  });

  function show(place) {
    range.value = place;
    const kimg = ticks[range.valueAsNumber];
    output.textContent = `${kimg} kimg`;
    range.setAttribute("aria-valuetext", output.textContent);
    for (const strip of strips) strip(kimg);
    if (enlarged) enlarged(kimg);
  }

  // A verdict moves all cells to the tick at which it was found.
  for (const verdict of all("[data-at]", root)) {
    const kimg = Number(verdict.dataset.at);
    const button = make("button", { type: "button", textContent: verdict.textContent });
    button.className = "fault plain";
    button.addEventListener("click", () => {
      stop();
      show(Math.max(0, ticks.findLastIndex((tick) => tick <= kimg)));
    });
    verdict.replaceChildren(button);
  }

  function enlarge(image, own, name) {
    const frame = make("div");
    const copy = image.cloneNode();
    const move = windowOn(copy, frame, own);
    const caption = make("output");
    const go = (text, by) => {
      const button = make("button", { type: "button", textContent: text });
      button.addEventListener("click", () => show(range.valueAsNumber + by));
      return button;
    };
    const close = make("button", { type: "button", textContent: "Close" });
    close.addEventListener("click", () => dialog.close());
    const buttons = make("div", { className: "tools" });
    buttons.append(go("Earlier", -1), go("Later", 1), close);
    dialog.replaceChildren(frame, caption, buttons);
    dialog.setAttribute("aria-label", `samples of ${name}`);
    enlarged = (kimg) => {
      const seen = move(kimg);
      copy.alt = `samples of ${name} at ${seen} kimg`;
      caption.textContent = `${name} at ${seen} kimg`;
    };
    enlarged(ticks[range.valueAsNumber]);
    dialog.showModal();
    close.focus();
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = still.matches ? "Next tick" : "Play";
  }

  // Who asked for less motion gets one tick for each press.
  function start() {
    const first = range.valueAsNumber === ticks.length - 1;
    show(first ? 0 : range.valueAsNumber + 1);
    if (still.matches) return;
    play.textContent = "Pause";
    timer = setInterval(() => {
      show(range.valueAsNumber + 1);
      if (range.valueAsNumber === ticks.length - 1) stop();
    }, STEP);
  }

  range.addEventListener("input", () => (stop(), show(range.valueAsNumber)));
  play.addEventListener("click", () => (timer ? stop() : start()));
  still.addEventListener("change", stop);
  dialog.addEventListener("close", () => (enlarged = null));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("keydown", ({ key }) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (by) show(range.valueAsNumber + by);
  });
  const label = make("label", {}, "Tick ", range);
  root.prepend(make("div", { className: "slider" }, label, output, play));
  root.append(dialog);
  stop();
  show(ticks.length - 1);
}

all(".samples").forEach(gallery);
