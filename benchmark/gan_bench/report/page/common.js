// What the other scripts share. Without any of them all of a page can be read as well.
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

const titleOf = (head) => head.textContent.replace(/\s+/g, " ").trim();
const textOf = (cell) => cell.textContent.trim();


addEventListener("beforeprint", () => all("details").forEach((each) => (each.open = true)));
