"""Changes single blocks of a JPEG without touching the others: run as a process of its own, on standard streams.

The JPEG library ends the process when a file breaks its rules. That is why this is a process, and why it needs
nothing but the standard library, this package and the path of the JPEG library that Pillow brings along.

Messages are those of :mod:`yinji.marks.messages`. ``read`` takes a JPEG and one rectangle of blocks a component
and answers with each rectangle as a grey JPEG; ``write`` takes them back, painted, with one byte a block that says
whether to take it, and answers with the whole JPEG, or with the coded rows alone that were asked for and where their
bits belong. An empty answer says that it cannot be done in this way.
"""

from __future__ import annotations

import ctypes as c
import struct
import sys
from typing import IO, Final

from yinji.marks.jpeg.coefficients import Picture, Rectangle, assemble, cut, drop
from yinji.marks.jpeg.library import load
from yinji.marks.jpeg.rows import Rows, coded
from yinji.marks.jpeg.trial import bits_at
from yinji.marks.messages import receive, send

MOST_MEMORY: Final = 4 << 30


def serve(library: c.CDLL, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answers pairs of ``read`` and ``write`` until the stream ends. A ``read`` with warnings is answered by none."""
    at = bits_at(library)
    while request := receive(requests):
        data, numbers = request
        count, optimise, first, last, *rest = struct.unpack(f"<{len(numbers) // 4}i", numbers)
        expected, flat = tuple(rest[: 3 + 3 * count]), rest[3 + 3 * count :]
        boxes: list[Rectangle] = [(flat[i], flat[i + 1], flat[i + 2], flat[i + 3]) for i in range(0, 4 * count, 4)]
        if last >= first and not at:
            send(answers, [])
            continue
        picture: Rows | Picture = (
            Rows(library, data, expected, first, last, at) if last >= first else Picture(library, data, expected)
        )
        if picture.warnings:
            send(answers, [])
        else:
            send(answers, [cut(library, picture, i, box) for i, box in enumerate(boxes)])
            painted = receive(requests)
            for i, box in enumerate(boxes) if painted else ():
                drop(library, picture, i, box, painted[2 * i], painted[2 * i + 1])
            if painted and isinstance(picture, Rows):
                send(answers, _rows(library, picture))
            elif painted and isinstance(picture, Picture):
                send(answers, [assemble(library, picture, optimise=bool(optimise))])
        picture.close()


def _rows(library: c.CDLL, rows: Rows) -> list[bytes]:
    result = coded(library, rows)
    # What follows counts on from the last blocks; where they are such as no encoder of ours makes, it would shift.
    if result is None or (rows.behind != rows.end and result.predictors != rows.behind.predictors):
        return []
    places = rows.begin[:2] + rows.behind[:2] + (rows.end.bits_left, result.spare)
    return [result.data, struct.pack("<6q", *places)]


def main() -> None:
    """Serves standard input, within a bound on memory."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    serve(load(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
