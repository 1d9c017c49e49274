"""Decodes and encodes single HEVC and AV1 pictures: run as a process of its own, for one message on standard streams.

Messages are those of :mod:`yinji.marks.messages`. ``decode`` takes the type of the items, then pairs of
configuration and data, and answers with facts and planes of each; ``encode`` takes facts and planes of each and answers
with pairs of configuration and data.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any, Final

from yinji.marks.messages import receive, send

_MOST_MEMORY: Final = 8 << 30
_X265: Final = {"preset": "medium", "x265-params": "keyint=1:log-level=none:repeat-headers=0:info=0"}
_SVT: Final = {"preset": "6", "svtav1-params": "film-grain=0:scd=0"}
_CODECS: Final = {"hvc1": ("hevc", "libx265", b"hvcC", _X265), "av01": ("libdav1d", "libsvtav1", b"av1C", _SVT)}
"""By type of the item: decoder, encoder, the box that describes what it writes, and its options."""
NO_ENCODER: Final = 3
"""Exit status where no encoder takes such pictures."""
_PROPERTIES: Final = ("color_range", "colorspace", "color_primaries", "color_trc")


def decode(kind: str, configuration: bytes, data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Returns the facts and the planes of a picture, rows without padding."""
    import av
    import numpy as np

    context: Any = av.CodecContext.create(_CODECS[kind][0], "r")
    context.extradata = configuration
    frames = [*context.decode(av.Packet(data)), *context.decode(None)]
    frame = frames[0]
    facts: dict[str, Any] = {name: int(getattr(frame, name)) for name in _PROPERTIES}
    bits = frame.format.components[0].bits
    facts |= {"item": kind, "format": frame.format.name, "width": frame.width, "height": frame.height, "bits": bits}
    wide = 2 if bits > 8 else 1
    planes = []
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        planes.append(np.ascontiguousarray(rows[:, : plane.width * wide]).tobytes())
    facts["sizes"] = [[p.width, p.height] for p in frame.planes]
    return facts, planes


def encode(facts: dict[str, Any], planes: list[bytes]) -> tuple[bytes, bytes]:
    """Returns the ``hvcC`` or ``av1C`` box and the data of a picture."""
    import av
    import numpy as np

    frame = av.VideoFrame(facts["width"], facts["height"], facts["format"])
    for plane, data in zip(frame.planes, planes, strict=True):
        rows = np.frombuffer(data, np.uint8).reshape(plane.height, -1)
        padded = np.zeros((plane.height, plane.line_size), np.uint8)
        padded[:, : rows.shape[1]] = rows
        plane.update(padded.tobytes())
    _, encoder, configuration, options = _CODECS[facts["item"]]
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream: Any = container.add_stream(encoder, rate=1)
        stream.width, stream.height, stream.pix_fmt = facts["width"], facts["height"], facts["format"]
        stream.options = {"crf": str(facts["crf"]), **options}
        for name in _PROPERTIES:
            setattr(stream.codec_context, name, facts[name])
            setattr(frame, name, facts[name])
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return _parts(file.getvalue(), configuration)


def _parts(movie: bytes, configuration: bytes) -> tuple[bytes, bytes]:
    at = movie.index(configuration) - 4
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
        for i in range(1, len(parts), 2):
            facts, planes = decode(parts[0].decode(), parts[i], parts[i + 1])
            out += [json.dumps(facts).encode(), *planes]
    else:
        while parts:
            facts = json.loads(parts[0])
            count = len(facts["sizes"])
            try:
                out += encode(facts, parts[1 : 1 + count])
            except (av.FFmpegError, ValueError):
                sys.exit(NO_ENCODER)
            parts = parts[1 + count :]
    send(sys.stdout.buffer, out)


if __name__ == "__main__":
    main()
