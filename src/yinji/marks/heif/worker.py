"""Decodes and encodes single HEVC pictures: run as a process of its own, for one message on standard streams.

Messages are those of :mod:`yinji.marks.jpeg.worker`. ``decode`` takes pairs of configuration and data and answers with
facts and planes of each; ``encode`` takes facts and planes of each and answers with pairs of configuration and data.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any, Final

from yinji.marks.jpeg.worker import receive, send

_MOST_MEMORY: Final = 8 << 30
_PRIVATE: Final = "keyint=1:log-level=none:repeat-headers=0:info=0"
_PROPERTIES: Final = ("color_range", "colorspace", "color_primaries", "color_trc")


def decode(configuration: bytes, data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Returns the facts and the planes of a picture, rows without padding."""
    import av
    import numpy as np

    context: Any = av.CodecContext.create("hevc", "r")
    context.extradata = configuration
    frames = [*context.decode(av.Packet(data)), *context.decode(None)]
    frame = frames[0]
    facts: dict[str, Any] = {name: int(getattr(frame, name)) for name in _PROPERTIES}
    kind = frame.format
    facts |= {"format": kind.name, "width": frame.width, "height": frame.height, "bits": kind.components[0].bits}
    wide = 2 if kind.components[0].bits > 8 else 1
    planes = []
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        planes.append(np.ascontiguousarray(rows[:, : plane.width * wide]).tobytes())
    facts["sizes"] = [[p.width, p.height] for p in frame.planes]
    return facts, planes


def encode(facts: dict[str, Any], planes: list[bytes]) -> tuple[bytes, bytes]:
    """Returns the ``hvcC`` box and the data of a picture."""
    import av
    import numpy as np

    frame = av.VideoFrame(facts["width"], facts["height"], facts["format"])
    for plane, data in zip(frame.planes, planes, strict=True):
        rows = np.frombuffer(data, np.uint8).reshape(plane.height, -1)
        padded = np.zeros((plane.height, plane.line_size), np.uint8)
        padded[:, : rows.shape[1]] = rows
        plane.update(padded.tobytes())
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx265", rate=1)
        stream.width, stream.height, stream.pix_fmt = facts["width"], facts["height"], facts["format"]
        stream.options = {"crf": str(facts["crf"]), "preset": "medium", "x265-params": _PRIVATE}
        for name in _PROPERTIES:
            setattr(stream.codec_context, name, facts[name])
            setattr(frame, name, facts[name])
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return _parts(file.getvalue())


def _parts(movie: bytes) -> tuple[bytes, bytes]:
    at = movie.index(b"hvcC") - 4
    box = movie[at : at + int.from_bytes(movie[at : at + 4], "big")]
    sizes = movie.index(b"stsz") + 8
    length = int.from_bytes(movie[sizes : sizes + 4], "big") or int.from_bytes(movie[sizes + 8 : sizes + 12], "big")
    chunk = movie.index(b"stco") + 12
    start = int.from_bytes(movie[chunk : chunk + 4], "big")
    return box, movie[start : start + length]


def main() -> None:
    """Answers one message; the exit status says whether that could be done."""
    import resource

    import av

    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    av.logging.set_level(None)
    verb, *parts = receive(sys.stdin.buffer)
    out: list[bytes] = []
    if verb == b"decode":
        for i in range(0, len(parts), 2):
            facts, planes = decode(parts[i], parts[i + 1])
            out += [json.dumps(facts).encode(), *planes]
    else:
        while parts:
            facts = json.loads(parts[0])
            count = len(facts["sizes"])
            out += encode(facts, parts[1 : 1 + count])
            parts = parts[1 + count :]
    send(sys.stdout.buffer, out)


if __name__ == "__main__":
    main()
