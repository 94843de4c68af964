"""A page taken apart with the standard library: elements in order, with their text."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input", "use", "path", "circle", "rect"}


class Element:
    def __init__(self, tag: str, attributes: dict[str, str], parent: "Element | None") -> None:
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.children: list[Element | str] = []

    def walk(self) -> "Iterator[Element]":
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def all(self, *tags: str) -> "list[Element]":
        return [e for e in self.walk() if e.tag in tags]

    def with_class(self, name: str) -> "list[Element]":
        return [e for e in self.walk() if name in e.attributes.get("class", "").split()]

    def within(self, tag: str) -> bool:
        return self.parent is not None and (self.parent.tag == tag or self.parent.within(tag))

    @property
    def raw(self) -> str:
        return "".join(child if isinstance(child, str) else child.raw for child in self.children)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", self.raw.replace("\N{NO-BREAK SPACE}", " ")).strip()


class Page(HTMLParser):
    """The page; a tag that does not close where it must is an error."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.here = Element("", {}, None)
        self.feed(source)
        self.close()
        assert self.here is self.root, f"<{self.here.tag}> is never closed"
        self.by_id: dict[str, list[Element]] = {}
        for element in self.root.walk():
            if "id" in element.attributes:
                self.by_id.setdefault(element.attributes["id"], []).append(element)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.here.children.append(Element(tag, {name: value or "" for name, value in attrs}, self.here))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.here.tag == tag, f"</{tag}> closes <{self.here.tag}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.children.append(data)

    def section(self, name: str) -> Element:
        return self.by_id[name][0]

    def all(self, *tags: str) -> list[Element]:
        return self.root.all(*tags)
