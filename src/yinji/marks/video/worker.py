"""Renders one video, as a process of its own: FFmpeg may crash, hang or want too much, and takes only this down.

::

    python -m yinji.marks.video.worker

One JSON object on standard input says what to do. Lines of JSON on standard output say how many frames are done, as
a sign of life, and at last what was done or what went wrong.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

from yinji.errors import UsageError, YinjiError
from yinji.marks.layout import PLACES

MOST_MEMORY: Final = 8 << 30
"""Address space; threads and mappings count, so it is larger than what is used."""
MOST_SECONDS: Final = 4 * 3600
_EVERY: Final = 1.0


class _Beats:
    """Says at most once a second that work goes on."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, frames: int) -> None:
        now = time.monotonic()
        if now - self._last >= _EVERY:
            self._last = now
            _say({"frames": frames})


def _say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


def _limit() -> None:
    for kind, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_CPU, MOST_SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        soft, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        if soft == resource.RLIM_INFINITY or soft > bound:
            resource.setrlimit(kind, (bound, hard))


def work(task: dict[str, Any]) -> dict[str, Any]:
    """Renders what a task asks for and returns the facts.

    Raises:
        YinjiError: It cannot be done.
    """
    from yinji.marks.video.clip import Clip, Wish
    from yinji.marks.video.encode import Spool
    from yinji.marks.video.find import recognise
    from yinji.marks.video.mp4 import Fragmented, Movie
    from yinji.marks.video.remux import remux
    from yinji.marks.video.render import NoKeyframe, labels_of, render
    from yinji.marks.video.splice import write

    wish = Wish(**task["wish"])
    beat = _Beats()
    if task.get("find"):
        return {"found": recognise(Clip(task["source"], wish, raw_times=False), wish, beat)}
    with Path(task["source"]).open("rb") as file, TemporaryFile(dir=task["folder"]) as packets:
        movie: Movie | None = None
        if task["media_type"] in _MOVIES:
            try:
                movie = Movie.read(file)
            except Fragmented:
                movie = None
        if movie is not None:
            movie.refuse_enciphered()
        clip = Clip(task["source"], wish, raw_times=movie is not None)
        start = None
        if movie is not None:
            movie.choose(clip.stream_id, wish.min_seconds)
            start = movie.start
            clip.everything = clip.everything or not movie.simple
        spool = Spool(packets)
        plan = clip.plan(start)
        try:
            rendered = render(clip, wish, plan, spool, beat)
        except NoKeyframe:
            spool.clear()
            clip.everything = True
            plan = clip.plan(start)
            rendered = render(clip, wish, plan, spool, beat)
        if rendered is None:
            return already(wish, task["source"], labels_of(plan, clip), beat)
        if movie is not None:
            with Path(task["output"]).open("wb") as output:
                write(movie, rendered, spool, output)
        else:
            remux(clip, task["media_type"], rendered, spool, task["output"], beat)
    return facts(rendered)


_MOVIES: Final = frozenset(("video/mp4", "video/quicktime", "video/x-m4v", "video/3gpp", "video/3gpp2"))


def already(wish: Any, source: str, labels: list[tuple[float, float]], beat: Any) -> dict[str, Any]:
    """What the caller tells about a video whose pictures all bear the label; nothing is written.

    Raises:
        UsageError: No label can be drawn there, though one was seen.
    """
    from yinji.marks.video.clip import Clip
    from yinji.marks.video.find import recognise

    found = recognise(Clip(source, wish, raw_times=False), wish, beat)
    if found is None:  # seen in the stored pictures, but not in those that are played
        raise UsageError("no-free-place", places=", ".join(PLACES))
    return found | {"detail": found["detail"] | {"already": True, **_times(labels)}}


def _times(labels: list[tuple[float, float]]) -> dict[str, Any]:
    return {
        "seconds": round(min(seconds for _, seconds in labels), 3),
        "labels": [{"from": round(at, 3), "seconds": round(seconds, 3)} for at, seconds in labels],
    }


def facts(rendered: Any) -> dict[str, Any]:
    """What the caller tells about the result."""
    plan, painter = rendered.plan, rendered.painter
    layout, canvas, tone = painter.place.layout, painter.place.canvas, painter.tone
    starts = not plan.is_full and plan.slots[0] == 0
    cut = None if plan.cut_at is None or not starts else round(float((plan.cut_at - plan.start) * rendered.ticks), 3)
    return {
        "place": painter.place.name or PLACES[0],
        "method": "full re-encode" if plan.is_full else "smart-render",
        "ink_height": rendered.ink_height,
        "needed_height": layout.needed,
        "box": list(layout.box),
        "contrast": rendered.contrast,
        "detail": {
            **_times(rendered.labels),
            "cut": cut,
            "frames_encoded": len(plan.shown),
            **({"frames_labelled_before": rendered.standing} if rendered.standing else {}),
            "codec": rendered.codec.shown,
            "encoder": rendered.encoder,
            "displayed": list(canvas.displayed),
            "lines": layout.lines,
            "turned": layout.turned,
            "ink": "light" if tone.ink > tone.body else "dark",
        },
    }


def main() -> int:
    """Does one task."""
    _limit()
    try:
        import av

        av.logging.set_level(None)
        _say({"done": work(json.load(sys.stdin))})
    except YinjiError as error:
        _say({"error": [type(error).__name__, error.code, error.details]})
    except MemoryError:
        _say({"error": ["LimitExceeded", "video-too-much", {}]})
    return 0


if __name__ == "__main__":
    sys.exit(main())
