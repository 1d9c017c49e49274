"""The label as an element of a page: real text, first or last in the body, that no style sheet hides.

Whoever copies the page's text, saves the page or listens to it gets the words. There is no script and nothing to load.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple

from yinji.containers.html.page import HEAD_TAGS, Page
from yinji.containers.html.scan import Token, tokens
from yinji.marks.parts import EDGE, GROUND, INK, Wish

CLASS: Final = "yinji-label"
_STYLE: Final = (
    "display:block!important;visibility:visible!important;opacity:1!important;position:relative!important;"
    "z-index:2147483647;flex:0 0 100%;grid-column:1/-1;box-sizing:border-box;width:auto;margin:0;padding:.5em 1em;"
    f"background:#{GROUND}!important;color:#{INK}!important;border:0;border-block-{{side}}:1px solid #{EDGE};"
    "font:400 14px/1.5 system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif!important;"
    "text-align:{align};text-indent:0;letter-spacing:normal;text-transform:none"
)
_RAW: Final = frozenset(("title", "script", "style", "textarea", "noscript", "template"))


class FrameError(Exception):
    """The page has frames in the place of a body."""


class Banner(NamedTuple):
    """A label of ours in a page: its characters, and what it says."""

    start: int
    stop: int
    words: str


def insertion(page: Page, wish: Wish, *, is_old: bool = False) -> tuple[int, str] | None:
    """Returns where the label goes and what is put there, or None where it stands already.

    Args:
        page: The page.
        wish: The words; ``start`` or ``end`` of the body.
        is_old: Whether it is XHTML of a time before roles, as EPUB 2 has it.

    Raises:
        FrameError: There is no body.
    """
    walked = list(tokens(page.text, is_xml=page.is_xml))
    start, end = body(page.text, walked)
    at = start if wish.place == "start" else end
    if wish.words in _at_edge(page.text, list(_banners(page, walked)), at, first=wish.place == "start"):
        return None
    return at, _element(page, wish, is_old=is_old)


def body(text: str, walked: list[Token]) -> tuple[int, int]:
    """Returns where the body begins and ends, as a browser would see it, whether or not it has tags.

    Raises:
        FrameError: There is no body.
    """
    start = _body_start(text, walked)
    closing = [t for t in walked if t.kind == "close" and t.name.rpartition(":")[2] in ("body", "html")]
    last = next((t.start for t in reversed(closing) if t.name.rpartition(":")[2] == "body"), None)
    if last is None:
        last = closing[-1].start if closing else len(text)
    return start, max(start, last)


def _body_start(text: str, walked: list[Token]) -> int:
    at, inside = 0, ""
    for token in walked:
        if inside:
            if token.kind == "close" and token.name == inside:
                at, inside = token.stop, ""
            continue
        stray = text[at : token.start]
        if stray.strip("\ufeff \t\r\n\f"):
            return at + len(stray) - len(stray.lstrip("\ufeff \t\r\n\f"))
        if token.kind == "open":
            if token.name.rpartition(":")[2] == "body":
                return token.stop
            if token.name == "frameset":
                raise FrameError
            if token.name not in HEAD_TAGS and token.name.rpartition(":")[2] not in HEAD_TAGS:
                return token.start
            if token.name in _RAW and not text[: token.stop].endswith("/>"):
                inside = token.name
        at = token.stop
    return len(text) if not text[at:].strip() else at


def _banners(page: Page, walked: list[Token]) -> Iterator[Banner]:
    for token, following in zip(walked, chain(walked[1:], [None]), strict=False):
        if token.kind != "open" or token.attributes.get("class") != CLASS or following is None:
            continue
        is_whole = following.kind == "close" and following.name == token.name
        if is_whole and "none" not in token.attributes.get("style", "").replace("text-transform:none", ""):
            said = page.value(page.text[token.stop : following.start])
            yield Banner(token.start, following.stop, " ".join(said.split()))


def _at_edge(text: str, ours: list[Banner], at: int, *, first: bool) -> Iterator[str]:
    """Yields what the labels say that stand one after another at the start of a body, or at its end."""
    for banner in ours if first else reversed(ours):
        between = text[at : banner.start] if first else text[banner.stop : at]
        is_in_order = at <= banner.start if first else banner.stop <= at
        if not is_in_order:
            continue
        if between.strip():
            return
        yield banner.words
        at = banner.stop if first else banner.start


def _element(page: Page, wish: Wish, *, is_old: bool) -> str:
    side, align = ("end" if wish.place == "start" else "start"), ("right" if wish.corner else "center")
    style = _STYLE.format(side=side, align=align)
    language = f' xml:lang="{wish.language}"' if page.is_xml else ""
    language += "" if is_old else f' lang="{wish.language}"'
    role = "" if is_old else ' role="note"'
    words = written(page, html.escape(wish.words))
    prefix = _prefix(page)
    return f'<{prefix}div class="{CLASS}"{role}{language} style="{style}">{words}</{prefix}div>'


def _prefix(page: Page) -> str:
    """Returns the prefix of the page's elements, which XHTML may have."""
    if not page.is_xml:
        return ""
    root = next((t for t in tokens(page.text, is_xml=True) if t.kind == "open"), None)
    prefix = root.name.rpartition(":")[0] if root is not None else ""
    return f"{prefix}:" if prefix else ""


def written(page: Page, words: str) -> str:
    """Returns words in the page's own encoding, or with references where it has none or lacks the characters."""
    if page.codec != "latin-1":
        return words
    if page.text.isascii() and not page.is_xml and not page.mark:
        return words.encode("ascii", "xmlcharrefreplace").decode()
    return words.encode(page.charset, "xmlcharrefreplace").decode("latin-1")
