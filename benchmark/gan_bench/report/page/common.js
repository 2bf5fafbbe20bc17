// What the other scripts share. Without any of them all of a page can be read as well.
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

const titleOf = (head) => head.textContent.replace(/\s+/g, " ").trim();
const textOf = (cell) => cell.textContent.trim();

// Hides the elements that do not have all words of the query; how many are shown?
function matching(elements, query) {
  const parts = query.toLowerCase().split(/\s+/).filter(Boolean);
  for (const each of elements) {
    const text = each.textContent.toLowerCase();
    each.hidden = !parts.every((part) => text.includes(part));
  }
  return elements.filter((each) => !each.hidden).length;
}

addEventListener("beforeprint", () => all("details").forEach((each) => (each.open = true)));
