"""Processes that change single JPEG blocks, kept warm and replaced when they die.

A file that makes one end, or take too long, costs one process and nothing else; the caller then re-encodes.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from yinji.marks.helper import Helper, HelperGone
from yinji.marks.jpeg import worker as program
from yinji.marks.jpeg.coefficients import Rectangle
from yinji.marks.warm import Warm

SECONDS: Final = 60.0
_ROOT: Final = Path(program.__file__).parents[3]
_START: Final = "import sys; sys.path.append(sys.argv.pop(1)); from yinji.marks.jpeg.worker import main; main()"
_KEEP_MEMORY: Final = {"MALLOC_MMAP_THRESHOLD_": str(256 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
"""The C library gives large blocks back at once; each picture would then fault its pages in anew."""


class BlocksUnavailable(HelperGone):
    """The blocks of this file cannot be changed one by one here; never leaves the room."""


@cache
def library_path() -> str:
    """Path of the JPEG library that Pillow's wheel brings along, or "" where there is none of the known kind."""
    spec = find_spec("PIL")
    if spec is None or not spec.origin or sys.maxsize < 1 << 32 or os.name != "posix" or not sys.executable:
        return ""
    package = Path(spec.origin).parent
    found = [*package.parent.glob("pillow.libs/libjpeg-*.so*"), *package.glob(".dylibs/libjpeg.62*.dylib")]
    return str(found[0]) if len(found) == 1 else ""


def _started() -> Helper:
    """Starts a process.

    Raises:
        BlocksUnavailable: None can be started here.
    """
    path = library_path()
    if not path:
        raise BlocksUnavailable
    try:
        return Helper([sys.executable, "-I", "-S", "-c", _START, str(_ROOT), path], SECONDS, _KEEP_MEMORY)
    except OSError as error:
        raise BlocksUnavailable from error


POOL: Final = Warm(_started)


def numbers(optimise: bool, rows: tuple[int, int], facts: Sequence[int], boxes: Sequence[Rectangle]) -> bytes:
    """Packs what a ``read`` needs beside the file; for the whole file the last row comes before the first."""
    values = [len(boxes), int(optimise), *rows, *facts, *(v for box in boxes for v in box)]
    return struct.pack(f"<{len(values)}i", *values)
