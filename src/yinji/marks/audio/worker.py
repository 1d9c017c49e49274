"""Puts the rhythm into files one after the other, as a process of its own: FFmpeg may crash, and takes only this down.

::

    python -m yinji.marks.audio.worker

Each line of JSON on standard input is a task; each line on standard output says what was done or what went wrong.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from yinji.errors import YinjiError
from yinji.marks.audio import adts, aiff, asf, flac, mp3, mp3_frames, mp4, opus, vorbis, vorbis_chain
from yinji.marks.audio.codec import Unspliceable, codec_of, lasting, listen
from yinji.marks.audio.hearing import recognise
from yinji.marks.audio.plan import UNCHANGED, Ask, Done, Wish
from yinji.marks.audio.reencode import reencode

MOST_MEMORY: Final = 4 << 30
"""Address space; the mapped file counts."""
_Way: TypeAlias = Callable[[Path, Path, Wish], Done]
_WAYS: Final[dict[str, tuple[_Way, ...]]] = {
    "audio/flac": (flac.mark,),
    "audio/mpeg": (mp3.mark,),
    "audio/aac": (adts.mark,),
    "audio/mp4": (mp4.mark,),
    "audio/ogg": (opus.mark, vorbis.mark, vorbis_chain.mark),
    "audio/aiff": (aiff.mark,),
}
"""How a label is joined to the sound of a format, the best way first."""
_REFUSALS: Final[dict[str, Callable[[Path], None]]] = {
    "audio/mp4": mp4.refuse_enciphered,
    "audio/mpeg": mp3_frames.refuse,
    "audio/x-ms-wma": asf.refuse_enciphered,
}
"""Finds what FFmpeg would decode to noise, or not at all."""
_ENDS_ALONE: Final = frozenset((flac.mark, mp4.mark))
"""Those that put none in the middle."""


def work(task: dict[str, Any]) -> dict[str, Any]:
    """Does one task and returns the facts.

    Raises:
        YinjiError: It cannot be done.
    """
    source, media_type = Path(task["source"]), task["media_type"]
    if media_type in _REFUSALS:
        _REFUSALS[media_type](source)
    if "find" in task:
        return {"found": recognise(source, *task["find"])}
    output = Path(task["output"])
    ask = Ask(*task["ask"])
    wish = Wish.of(ask, partial(listen, source), lasting(source) if ask.every else 0.0)
    if wish.is_empty:
        shutil.copyfile(source, output)
        return Done(UNCHANGED, codec_of(source), lasting(source), wish).to_dict()
    for way in _WAYS.get(media_type, ()):
        if not wish.middle or way not in _ENDS_ALONE:
            try:
                return way(source, output, wish).to_dict()
            except Unspliceable:
                output.unlink(missing_ok=True)
    return reencode(source, output, media_type, wish).to_dict()


def answer(line: str) -> dict[str, Any]:
    """Does the task of a line."""
    import av

    try:
        return {"done": work(json.loads(line))}
    except YinjiError as error:
        return {"error": [type(error).__name__, error.code, error.details]}
    except (av.FFmpegError, EOFError) as error:
        reason = str(getattr(error, "strerror", "") or error)
        return {"error": ["Malformed", "mark-not-decodable", {"kind": "audio", "reason": reason}]}
    except (MemoryError, OSError):
        return {"error": ["LimitExceeded", "audio-too-much", {}]}


def main() -> int:
    """Works until the input ends."""
    import av

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or hard > MOST_MEMORY:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, hard))
    av.logging.set_level(None)
    for line in sys.stdin:
        print(json.dumps(answer(line)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
