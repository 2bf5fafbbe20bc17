// What a page does beyond what it says: tables are sorted, filtered and copied, and a slider moves
// through the ticks of the samples. Without this script all of it can be read as well.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // The first number of a cell, the middle of "low to high", NaN if it has none.
  function value(text) {
    const [low, high] = text.split(" to ").map((part) => parseFloat(part.replaceAll(",", "")));
    return Number.isNaN(high ?? NaN) ? low : (low + high) / 2;
  }

  const names = new Intl.Collator("en", { numeric: true });

  // Cells without a number come last in both directions.
  function compare(a, b, numeric, sign) {
    if (!numeric) return sign * names.compare(a, b);
    const [x, y] = [value(a), value(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
    return sign * (x - y);
  }

  const titleOf = (head) => head.textContent.replace(/\s+/g, " ").trim();
  const textOf = (cell) => cell.textContent.trim();

  function sortBy(head, rows, status) {
    const up = head.getAttribute("aria-sort") === "ascending";
    const before = head.hasAttribute("aria-sort");
    const order = (before ? !up : !titleOf(head).includes("↑")) ? "ascending" : "descending";
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    const [column, numeric] = [head.cellIndex, head.classList.contains("number")];
    const sign = order === "ascending" ? 1 : -1;
    const text = (row) => textOf(row.cells[column]);
    rows.sort((a, b) => compare(text(a), text(b), numeric, sign));
    rows[0].parentElement.append(...rows);
    const title = head.dataset.name;
    const meaning = meanings.get(title);
    status.textContent = `Sorted by ${title}, ${order}.${meaning ? ` ${title}: ${meaning}` : ""}`;
  }

  function filter(rows, query, status) {
    const parts = query.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !parts.every((part) => text.includes(part));
    }
    const shown = rows.filter((row) => !row.hidden).length;
    status.textContent = `${shown} of ${rows.length} rows shown.`;
  }

  const escaped = (text) => text.replace(/[\\`*_[\]<>|~#@]/g, "\\$&");

  function markdown(table) {
    const heads = [...table.tHead.rows[0].cells];
    const line = (texts) => `| ${texts.join(" | ")} |`;
    const rule = heads.map((head) => (head.classList.contains("number") ? "---:" : "---"));
    const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden);
    const body = rows.map((row) => line([...row.cells].map((cell) => escaped(textOf(cell)))));
    return [line(heads.map((head) => escaped(titleOf(head)))), line(rule), ...body, ""].join("\n");
  }

  // A page that was opened from a file may have no clipboard: then the text is selected instead.
  async function copy(text, status) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = make("textarea", { value: text });
      status.after(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      if (!done) return void (status.textContent = "The browser does not allow copying.");
    }
    status.textContent = "Copied as markdown.";
  }

  const meanings = new Map(
    all(".glossary dt").map((term) => [textOf(term), textOf(term.nextElementSibling)]),
  );

  for (const table of all("table")) {
    const rows = [...table.tBodies[0].rows].filter((row) => !row.classList.contains("scale"));
    const status = make("output");
    const tools = make("div", { className: "tools" });
    if (rows.length > 1) {
      const field = make("input", { type: "search", spellcheck: false });
      field.addEventListener("input", () => filter(rows, field.value, status));
      tools.append(make("label", {}, "Filter rows ", field));
    }
    const button = make("button", { type: "button", textContent: "Copy as markdown" });
    button.addEventListener("click", () => copy(markdown(table), status));
    tools.append(button, status);
    table.parentElement.after(tools);
    for (const head of table.tHead.rows[0].cells) {
      head.dataset.name = head.firstChild.textContent.trim();
      const sorter = make("button", { type: "button" }, ...head.childNodes);
      sorter.addEventListener("click", () => sortBy(head, rows, status));
      head.append(sorter);
    }
  }

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

  addEventListener("beforeprint", () => all("details").forEach((each) => (each.open = true)));
})();
