"""What a browser and GitHub make of a text: its elements, its tables, what can be read."""

from __future__ import annotations

from html.parser import HTMLParser

from markdown_it import MarkdownIt


class Page(HTMLParser):
    """An HTML page, read as a browser does."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.words.append(" " if tag in ("td", "th") else "")
        self.elements.append((f"/{tag}", {}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        kinds = ("td", "th", "style", "script")
        opened = [tag for tag, _ in self.elements if tag.removeprefix("/") in kinds]
        if opened and opened[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += data
        elif opened and opened[-1] in ("style", "script"):
            self.words.pop()

    @property
    def text(self) -> str:
        return "".join(self.words)

    @property
    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements if not tag.startswith("/")}

    def attributes(self, name: str) -> list[str | None]:
        return [given[name] for _, given in self.elements if name in given]


def rendered(markdown: str) -> Page:
    """Markdown as GitHub renders it, but for its links without brackets."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return Page(parser.render(markdown))
