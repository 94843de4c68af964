"""A tree of elements from XML whose tags do not all match, for files no strict parser reads."""

from html.parser import HTMLParser
from xml.etree.ElementTree import Element

MAX_DEPTH = 200


class _Builder(HTMLParser):
    """Builds the tree; an end tag closes what stands open inside its element, one that closes nothing is dropped."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root: Element | None = None
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag.upper(), {name.upper(): value or "" for name, value in attrs})
        if self.open:
            self.open[-1].append(element)
        elif self.root is None:
            self.root = element
        else:
            return
        if len(self.open) < MAX_DEPTH:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        before = len(self.open)
        self.handle_starttag(tag, attrs)
        del self.open[before:]

    def handle_endtag(self, tag: str) -> None:
        for at in range(len(self.open) - 1, -1, -1):
            if self.open[at].tag == tag.upper():
                del self.open[at:]
                return

    def handle_data(self, data: str) -> None:
        if not self.open:
            return
        parent = self.open[-1]
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + data
        else:
            parent.text = (parent.text or "") + data


def tree(text: str) -> Element | None:
    """Return the first element of the text with all that stands in it; None where there is none.

    Tags and attributes are in capitals, as RevMan writes them. No entity but those of HTML is understood.
    """
    builder = _Builder()
    builder.feed(text)
    builder.close()
    return builder.root
