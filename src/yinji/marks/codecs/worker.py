"""Calls imagecodecs for :mod:`yinji.marks.codecs.calls`: run as a process of its own, on standard streams.

A message has two parts: what to call as JSON (``call``, ``options``, and ``dtype`` and ``shape`` where samples follow),
and the bytes. So has an answer: ``dtype`` and ``shape`` of samples, or ``error``, or nothing; and the bytes.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final

from yinji.marks.messages import receive, send

_MOST_MEMORY: Final = 8 << 30
_CALLS: Final = frozenset(
    {
        "avif_decode",
        "avif_encode",
        "jpegxl_decode",
        "jpegxl_decode_jpeg",
        "jpegxl_encode",
        "jpegxl_encode_jpeg",
    }
)


def answer(facts: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """Does one call."""
    import imagecodecs
    import numpy as np

    if facts["call"] not in _CALLS:
        return {"error": "no such call"}, b""
    content: Any = np.frombuffer(data, facts["dtype"]).reshape(facts["shape"]) if "dtype" in facts else data
    try:
        made: Any = getattr(imagecodecs, facts["call"])(content, **facts["options"])
    except (RuntimeError, ValueError, MemoryError) as error:
        return {"error": str(error)}, b""
    if isinstance(made, np.ndarray):
        return {"dtype": made.dtype.str, "shape": made.shape}, made.tobytes()
    return {}, bytes(made)


def main() -> None:
    """Answers messages until the stream ends."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while request := receive(sys.stdin.buffer):
        facts, made = answer(json.loads(request[0]), request[1])
        send(sys.stdout.buffer, [json.dumps(facts).encode(), made])


if __name__ == "__main__":
    main()
