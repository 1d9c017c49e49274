"""The label on a video (GB 45438-2025 5.4): words on an edge or corner of the first two seconds, legible, 5 % high.

Only the pictures up to the first keyframe after the label are encoded anew; the rest, and every other track, is
copied. Where no keyframe allows that, all pictures are encoded anew, and the result says so.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, ClassVar, Final

from yinji.errors import LimitExceeded, MissingExtra, UsageError, YinjiError
from yinji.marks.base import Drawn, MarkExample, MarkRequest
from yinji.marks.face import check_words, require_pillow
from yinji.marks.layout import PLACES
from yinji.marks.video.process import run
from yinji.marks.video.times import TIMES

_MOST_BYTES: Final = 64 << 30
_SECONDS: Final = 2.0


class VideoMark:
    """Draws the label into video of the common codecs, in MP4, QuickTime, Matroska, WebM, AVI, FLV and MPEG-TS."""

    name: ClassVar[str] = "video"
    media_types: ClassVar[frozenset[str]] = frozenset(
        {
            "video/mp4",
            "video/quicktime",
            "video/x-m4v",
            "video/3gpp",
            "video/3gpp2",
            "video/x-matroska",
            "video/matroska",
            "video/webm",
            "video/x-msvideo",
            "video/x-flv",
            "video/mp2t",
        }
    )
    places: ClassVar[tuple[str, ...]] = PLACES

    def draw(self, original: BinaryIO, marked: BinaryIO, request: MarkRequest) -> Drawn:
        """See :meth:`yinji.marks.base.PerceptibleMark.draw`.

        Pictures that bear these very words in this place keep them; where all of them do, the file stays as it is.
        Where another label of ours stands there, the next place that is free is taken.

        Raises:
            MissingExtra: PyAV, numpy or Pillow is not installed.
            UnreadableInput: The process that renders ended before its time.
        """
        _check(request)
        try:
            return self._draw(original, marked, request)
        except YinjiError as error:
            name = str(getattr(original, "name", "") or "")
            if name and "path" not in error.details:
                raise type(error)(error.code, path=name, **error.details) from error
            raise

    def find(self, content: BinaryIO, request: MarkRequest) -> Drawn | None:
        """See :meth:`yinji.marks.base.MarkFinder.find`.

        Raises:
            MissingExtra, UnreadableInput: As for :meth:`draw`.
        """
        _check(request)
        with TemporaryDirectory(prefix="yinji-video-") as folder:
            source = Path(folder, "source")
            _copy(content, source)
            done = run(_task(request, source, folder) | {"find": True})["found"]
        return None if done is None else self._drawn(request, done)

    def _draw(self, original: BinaryIO, marked: BinaryIO, request: MarkRequest) -> Drawn:
        with TemporaryDirectory(prefix="yinji-video-") as folder:
            source, output = Path(folder, "source"), Path(folder, "output")
            _copy(original, source)
            done = run(_task(request, source, folder) | {"output": str(output)})
            with (source if done["detail"].get("already") else output).open("rb") as file:
                shutil.copyfileobj(file, marked, 1 << 20)
        return self._drawn(request, done)

    def _drawn(self, request: MarkRequest, done: dict[str, Any]) -> Drawn:
        detail = dict(done["detail"])
        if request.place and done["place"] != request.place:
            detail["instead_of"] = request.place
        return Drawn(
            mark=self.name,
            words=request.words,
            place=done["place"],
            method=done["method"],
            ink_height=done["ink_height"],
            needed_height=done["needed_height"],
            box=tuple(done["box"]),
            contrast=done["contrast"],
            detail=detail,
        )

    @classmethod
    def examples(cls) -> Iterable[MarkExample]:
        for muxer, codec in (("mp4", "h264"), ("webm", "vp9")):
            yield MarkExample(muxer, _clip(muxer, codec), f"video/{muxer}")


def _clip(muxer: str, codec: str) -> bytes:
    """Three seconds of grey, with a keyframe each second."""
    import io

    import av

    file = io.BytesIO()
    with av.open(file, "w", format=muxer) as container:
        stream: Any = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.gop_size = 160, 120, 10
        for number in range(30):
            frame = av.VideoFrame(160, 120, "yuv420p")
            for plane, value in zip(frame.planes, (100 + number, 128, 128), strict=True):
                plane.update(bytes((value,)) * plane.buffer_size)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def _task(request: MarkRequest, source: Path, folder: str) -> dict[str, Any]:
    """What the process is told."""
    return {
        "source": str(source),
        "folder": folder,
        "media_type": request.media_type.partition(";")[0].strip().lower(),
        "wish": {
            "words": request.words,
            "place": request.place,
            "min_height": request.min_height,
            "min_seconds": request.min_seconds or _SECONDS,
            "max_pixels": request.max_pixels,
            "wordings": request.wordings,
            "times": request.times,
            "every": request.every,
            "style": request.style,
        },
    }


def _check(request: MarkRequest) -> None:
    require_pillow()
    if find_spec("av") is None or find_spec("numpy") is None:
        raise MissingExtra("missing-extra", extra="av", names="av, numpy")
    check_words(request.words)
    if request.place and request.place not in PLACES:
        raise UsageError("no-such-place", place=request.place, places=", ".join(PLACES))
    for time in request.times:
        if time not in TIMES:
            raise UsageError("no-such-place", place=time, places=", ".join(TIMES))
    least = 2 * (request.min_seconds or _SECONDS)
    if "intervals" in request.times and request.every < least:
        raise UsageError("labels-too-close", every=request.every, least=least)


def _copy(original: BinaryIO, target: Path) -> None:
    copied = 0
    with target.open("wb") as file:
        while data := original.read(1 << 20):
            copied += len(data)
            if copied > _MOST_BYTES:
                raise LimitExceeded("too-many-bytes", limit=_MOST_BYTES)
            file.write(data)
