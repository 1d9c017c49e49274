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
from pathlib import Path
from typing import Any, Final

from yinji.errors import YinjiError
from yinji.marks.audio import adts, aiff, flac, mp3, mp4, ogg, vorbis
from yinji.marks.audio.codec import Unspliceable, codec_of, lasting, listen
from yinji.marks.audio.hearing import recognise
from yinji.marks.audio.plan import UNCHANGED, Ask, Done, Wish
from yinji.marks.audio.reencode import reencode

MOST_MEMORY: Final = 4 << 30
"""Address space; the mapped file counts."""
_WAYS: Final = {
    "audio/flac": flac.mark,
    "audio/mpeg": mp3.mark,
    "audio/aac": adts.mark,
    "audio/mp4": mp4.mark,
    "audio/ogg": ogg.mark,
    "audio/aiff": aiff.mark,
}
_OTHERWISE: Final = {"audio/ogg": vorbis.mark}
"""Other ways to join a label to such a format."""

_BETWEEN: Final = frozenset(("audio/aiff", "audio/aac", "audio/mpeg", "audio/ogg"))
"""Formats between whose frames a label can go as well."""


def work(task: dict[str, Any]) -> dict[str, Any]:
    """Does one task and returns the facts.

    Raises:
        YinjiError: It cannot be done.
    """
    source, media_type = Path(task["source"]), task["media_type"]
    if media_type == "audio/mp4":
        mp4.refuse_enciphered(source)
    if "find" in task:
        return {"found": recognise(source, *task["find"])}
    output = Path(task["output"])
    ask = Ask(*task["ask"])
    wish = Wish.of(ask, lambda at: listen(source, at), lasting(source) if ask.every else 0.0)
    if wish.is_empty:
        shutil.copyfile(source, output)
        return Done(UNCHANGED, codec_of(source), 0.0, wish).to_dict()
    for ways in (_WAYS, _OTHERWISE):
        if media_type in ways and (not wish.middle or (media_type in _BETWEEN and ways is _WAYS)):
            try:
                return ways[media_type](source, output, wish).to_dict()
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
