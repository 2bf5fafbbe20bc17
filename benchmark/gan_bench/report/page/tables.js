// Tables are sorted, filtered and copied.
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

// A row has all of its seeds: words like seed1 choose among the samples only.
function filter(rows, query, status) {
  const shown = matching(rows, query.replace(/\bseed\d*/gi, ""));
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
