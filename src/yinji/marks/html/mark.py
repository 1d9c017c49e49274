"""The label in web pages (GB 45438-2025 5.1): a line of text at the top or the bottom of the body."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO, ClassVar, Final

from yinji.containers.html.page import decoded, read
from yinji.containers.splice import Splice
from yinji.errors import UnsupportedFormat
from yinji.marks.base import Drawn, MarkExample, MarkRequest
from yinji.marks.html.banner import FrameError, insertion
from yinji.marks.parts import Wish
from yinji.marks.splicing import opened, write

_MEDIA_TYPE: Final = "text/html"
_EXAMPLE: Final = (
    '<!DOCTYPE html>\n<html lang="zh">\n<head><meta charset="utf-8"><title>一页</title></head>\n'
    "<body><p>一段文字</p></body>\n</html>\n"
)


class HtmlMark:
    """Puts the label into the body of a page; every other byte stays."""

    name: ClassVar[str] = "html"
    media_types: ClassVar[frozenset[str]] = frozenset({_MEDIA_TYPE})
    places: ClassVar[tuple[str, ...]] = ("start", "end")

    def draw(self, original: BinaryIO, marked: BinaryIO, request: MarkRequest) -> Drawn:
        """See :meth:`yinji.marks.base.PerceptibleMark.draw`. A page that bears the words there stays as it is."""
        wish = Wish.of(request, self.places)
        with opened(original) as source:
            page = decoded(read(source))
            try:
                put = insertion(page, wish)
            except FrameError:
                raise UnsupportedFormat("html-frames", path=source.name) from None
            edits = page.edits(put[0], put[0], put[1]) if put is not None else ()
            write(source, Splice.of(edits), marked)
        return self._drawn(wish, {"already": True} if put is None else {"character": put[0]})

    def find(self, content: BinaryIO, request: MarkRequest) -> Drawn | None:
        """See :meth:`yinji.marks.base.MarkFinder.find`."""
        wish = Wish.of(request, self.places)
        with opened(content) as source:
            page = decoded(read(source))
        for place in (wish.place,) if request.place else self.places:
            try:
                if insertion(page, wish._replace(place=place)) is None:
                    return self._drawn(wish._replace(place=place), {})
            except FrameError:
                return None
        return None

    @classmethod
    def examples(cls) -> Iterable[MarkExample]:
        yield MarkExample("page", _EXAMPLE.encode(), _MEDIA_TYPE)

    def _drawn(self, wish: Wish, detail: dict[str, object]) -> Drawn:
        return Drawn(self.name, wish.words, wish.place, "text", detail=detail | wish.form())
