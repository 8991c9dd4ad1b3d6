"""The report's Markdown as HTML: headings with the names that links use, tables that scroll, figures inside the page."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_KINDS = {"png": "image/png", "svg": "image/svg+xml"}
_LARGEST_FIGURE = 300_000  # bytes; a larger one stays beside the page, which opens at once then
_FIGURE = re.compile(r'<img src="([^"]*)"[^>]*>')


@dataclass(frozen=True)
class Section:
    """A part of the report below one heading of the second level, as HTML; the first part has no heading."""

    name: str
    heading: str
    html: Markup


def sections(report: Path) -> list[Section]:
    """The parts of a report in Markdown; its figures are taken from the folder that it links."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = markdown.parse(report.read_text(encoding="utf-8"))
    _name_headings(tokens)
    _align_with_classes(tokens)
    starts = [place for place, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h2"]
    parts = zip([0, *starts], [*starts, len(tokens)], strict=True)
    return [_section(markdown, tokens[start:end], report.parent) for start, end in parts]


def _section(markdown: MarkdownIt, tokens: Sequence[Token], folder: Path) -> Section:
    heading = tokens[0] if tokens and tokens[0].tag == "h2" else None
    html = markdown.renderer.render(tokens, markdown.options, {})
    html = html.replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>")
    html = _FIGURE.sub(lambda match: _figure(match, folder), html)
    words = _plain(tokens[1]) if heading else ""
    return Section(str(heading.attrs["id"]) if heading else "", words, Markup(html))


def _name_headings(tokens: Sequence[Token]) -> None:
    """Give each heading the name under which code hosts link it: its words in small letters, joined by hyphens.

    The title gets none: its words are the user's, and could be a name that the page gives to something else.
    """
    taken: dict[str, int] = {}
    for place, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag != "h1":
            words = _plain(tokens[place + 1]).lower()
            name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            again = taken[name] = taken.get(name, -1) + 1
            token.attrSet("id", f"{name}-{again}" if again else name)


def _plain(inline: Token) -> str:
    """The words of a line without its markup."""
    return "".join(child.content for child in inline.children or ())


def _align_with_classes(tokens: Sequence[Token]) -> None:
    """Mark columns of numbers by a class, since the page's policy forbids styles inside elements."""
    for token in tokens:
        style = token.attrs.pop("style", "")
        if style == "text-align:right":
            token.attrSet("class", "number")


def _figure(image: re.Match[str], folder: Path) -> str:
    """An image of the report with the figure itself in it, in the smaller of the kinds that were drawn, or where a large one lies."""
    files = [(folder / image[1]).with_suffix(f".{kind}") for kind in _KINDS]
    smallest = min((file for file in files if file.exists()), key=lambda file: file.stat().st_size)
    if smallest.stat().st_size > _LARGEST_FIGURE:
        return f"<em>This figure is too large for the page. It is in the file {image[1]} beside it.</em>"
    content = base64.b64encode(smallest.read_bytes()).decode("ascii")
    return image[0].replace(image[1], f"data:{_KINDS[smallest.suffix.removeprefix('.')]};base64,{content}", 1)
