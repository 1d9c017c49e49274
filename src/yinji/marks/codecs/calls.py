"""Calls of imagecodecs, done in a process that is kept warm and replaced when it dies."""

from __future__ import annotations

import json
import sys
from typing import Any, Final

from yinji.errors import Malformed
from yinji.marks.helper import Helper, HelperGone
from yinji.marks.warm import Warm

SECONDS: Final = 240.0
"""The longest that one call may take."""


def _started() -> Helper:
    return Helper([sys.executable, "-P", "-m", "yinji.marks.codecs.worker"], SECONDS)


POOL: Final = Warm(_started)


def samples(call: str, data: bytes, name: str, kind: str, **options: Any) -> Any:
    """Decodes to an array of samples (rows × columns, × channels where there are several).

    Args:
        call: Name of the function.
        data: The coded picture.
        name: Of the file, for messages.
        kind: Of the file, for messages.
        options: For the function.

    Raises:
        Malformed: It does not decode, or the process ended or took too long over it.
    """
    import numpy as np

    facts, found = _asked({"call": call, "options": options}, data, name, kind)
    return np.frombuffer(bytearray(found), facts["dtype"]).reshape(facts["shape"])


def coded(call: str, content: Any, name: str, kind: str, **options: Any) -> bytes:
    """Encodes samples, or turns coded bytes into others; see :func:`samples`.

    Raises:
        Malformed: The codec does not take it, or the process ended or took too long over it.
    """
    if isinstance(content, bytes):
        return _asked({"call": call, "options": options}, content, name, kind)[1]
    facts = {"call": call, "options": options, "dtype": content.dtype.str, "shape": content.shape}
    return _asked(facts, content.tobytes(), name, kind)[1]


def _asked(facts: dict[str, Any], data: bytes, name: str, kind: str) -> tuple[dict[str, Any], bytes]:
    try:
        with POOL.lent() as helper:
            answer = helper.ask([json.dumps(facts).encode(), data])
            if len(answer) != 2:
                raise HelperGone
    except HelperGone as gone:
        reason = "the decoder gave up"
        raise Malformed("mark-not-decodable", path=name, kind=kind, reason=reason) from gone
    told: dict[str, Any] = json.loads(answer[0])
    if "error" in told:
        raise Malformed("mark-not-decodable", path=name, kind=kind, reason=told["error"])
    return told, answer[1]
