// Cards and samples are filtered by name and seed; a link to what is folded opens it.
function filterOf(elements, noun, label) {
  const field = make("input", { type: "search", spellcheck: false });
  const status = make("output");
  field.addEventListener("input", () => {
    status.textContent = `${matching(elements, field.value)} of ${elements.length} ${noun} shown.`;
  });
  return make("div", { className: "tools" }, make("label", {}, `${label} `, field), status);
}

for (const list of all("section .cards")) {
  list.before(filterOf([...list.children], "rows", "Filter cards"));
}

for (const cells of all(".samples .cells")) {
  const figures = [...cells.children];
  if (figures.length > 1) cells.before(filterOf(figures, "cells", "Filter samples"));
  // The field of the first table filters them too: its words are names and seeds.
  const field = cells.closest("section").querySelector(".scroll + .tools input");
  field?.addEventListener("input", () => matching(figures, field.value));
}

function reveal() {
  const target = document.getElementById(location.hash.slice(1));
  const rest = target?.closest("section")?.querySelector("details.rest");
  if (rest) rest.open = true;
}

addEventListener("hashchange", reveal);
reveal();
