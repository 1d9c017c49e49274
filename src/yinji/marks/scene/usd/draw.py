"""Puts the plate into a layer, or a layer with the plate on top of a package. Nothing that was there changes.

A text layer gets one more prim. A package gets one more layer, in front of the others, that stands on the old root
layer and adds the plate: so it is all one whether that is text or binary.
"""

from __future__ import annotations

import math
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from yinji.containers.source import Source
from yinji.containers.splice import Edit, Splice
from yinji.containers.zip.directory import STORED, Archive
from yinji.containers.zip.edit import plan_first
from yinji.errors import LimitExceeded, Malformed, UnsupportedFormat
from yinji.limits import Limits
from yinji.marks.scene.geometry import IDENTITY, Matrix, bounds_of, inverse, moved, product_of
from yinji.marks.scene.plate import Plate, make
from yinji.marks.scene.usd.layer import NAME, corners, end_of, within, written
from yinji.marks.scene.usd.stage import Found, Stage
from yinji.marks.scene.usd.worker import ROOT
from yinji.marks.scene.view import Standing, before, beside, share_before, share_beside

TEXT: Final = b"#usda"
CRATE: Final = b"PXR-USDC"
PACKAGE: Final = b"PK\3\4"
_ALIGNMENT: Final = 64
_LONGEST: Final = 64 << 20
_NEAR: Final = 0.02
_LAYER: Final = "yinji-label.usda"


def suffix_of(head: bytes, name: str) -> str:
    """Returns the ending by which OpenUSD knows a file that begins so.

    Raises:
        UnsupportedFormat: A single binary layer, which cannot be added to.
        Malformed: Nothing of OpenUSD's.
    """
    if head.startswith(PACKAGE):
        return ".usdz"
    if head.startswith(TEXT):
        return ".usda"
    if head.startswith(CRATE):
        raise UnsupportedFormat("scene-crate", path=name)
    raise Malformed("scene-broken", path=name, reason="USD header")


def add(file: BinaryIO, path: Path, stage: Stage, words: str, share: float, place: str) -> tuple[Splice, Standing]:
    """Plans the plate.

    Args:
        file: The layer or package.
        path: Where it was read from.
        stage: What it says.
        words: The words.
        share: Ink height as a share of the view's short side.
        place: Edge or corner.

    Raises:
        Malformed: The package cannot be added to.
        UnsupportedFormat: It would no longer fit its own offsets, or is compressed.
        UsageError: As :func:`yinji.marks.layout.plan`.
    """
    standing, world = _standing(stage, words, share, place)
    name = str(getattr(file, "name", "") or "")
    if path.suffix == ".usdz":
        with _archive(path, name) as archive:
            return _on_top(archive, stage, standing, world), standing
    file.seek(0)
    data = file.read(_LONGEST + 1)
    if len(data) > _LONGEST:
        raise LimitExceeded("too-many-bytes", path=name, limit=_LONGEST)
    text = data.decode("utf-8", "surrogateescape")
    home, around = _home(stage)
    end = end_of(text, home) if home else None
    if end is None:
        home, around, end = "", IDENTITY, len(text)
    prim = _prim(standing, world, home, around)
    new = ("" if text[:end].endswith("\n") else "\n") + "\n" + prim
    at = len(text[:end].encode("utf-8", "surrogateescape"))
    return Splice.of([Edit(at, at, new.encode())]), standing


def check(path: Path, name: str) -> None:
    """Makes sure that a package is one that viewers open.

    Raises:
        UnsupportedFormat: A part is compressed.
        Malformed, Truncated, LimitExceeded: The package cannot be read.
    """
    if path.suffix != ".usdz":
        return
    with _archive(path, name) as archive:
        for entry in archive.entries():
            if entry.method != STORED:
                raise UnsupportedFormat("scene-package", path=name, layer=entry.shown)


@contextmanager
def _archive(path: Path, name: str) -> Iterator[Archive]:
    limits = Limits(total_bytes=1 << 40, one_read=_LONGEST)
    with path.open("rb") as file, Source.open(file, name=name, limits=limits) as source:
        yield Archive.open(source)


def measured(stage: Stage, found: Found) -> tuple[Plate, float] | None:
    """Returns the plate that a found one claims to be, and its ink as a share of the start view; None if it is not.

    Its mesh must be that of its words, and it must be shown, whole, in front of the content.
    """
    note = found.note
    words, share, place = str(note.get("words", "")), float(note.get("share", 0)), str(note.get("place", ""))
    aspect = stage.camera[1].aspect if stage.camera is not None else 1.0
    plate = make(words, share, place, aspect=aspect)
    board = bounds_of(found.board)
    if not found.visible or board is None:
        return None
    size = (board.high[0] - board.low[0], board.high[1] - board.low[1])
    wanted = corners(Standing(plate, (0, 0, 0), size, 0))
    tolerance = size[1] * 1e-3
    if len(wanted) != len(found.words) or any(
        math.dist(a, b[:2]) > tolerance for a, b in zip(wanted, found.words, strict=True)
    ):
        return None
    seen_from = stage.camera[2] if stage.camera is not None else stage.axes
    back = inverse(seen_from)
    if back is None:
        return None
    matrix = product_of(back, found.world)
    seen = bounds_of(moved(matrix, corner) for corner in board.corners)
    if seen is None or abs(matrix[4]) > _NEAR * abs(matrix[5]) or matrix[5] <= 0 or matrix[0] <= 0:
        return None
    if stage.camera is not None:
        reached = share_before(stage.camera[1], seen.low, seen.high)
    else:
        reached = share_beside(stage.content, seen.low, seen.high)
    return (plate, reached * plate.ink / plate.height) if reached > 0 else None


def _standing(stage: Stage, words: str, share: float, place: str) -> tuple[Standing, Matrix]:
    """Returns the plate and its matrix in the stage."""
    if stage.camera is not None:
        standing = before(stage.camera[1], words, share, place)
        axes = stage.camera[2]
    else:
        standing = beside(stage.content, words, share, place)
        axes = stage.axes
    x, y, z = standing.centre
    return standing, product_of(axes, (1, 0, 0, x, 0, 1, 0, y, 0, 0, 1, z, 0, 0, 0, 1))


def _home(stage: Stage) -> tuple[str, Matrix]:
    """Returns path and matrix of the prim with which the plate moves: the camera, or the scene's own."""
    if stage.camera is not None:
        return stage.camera[0], stage.camera[2]
    return stage.home or ("", IDENTITY)


def _prim(standing: Standing, world: Matrix, home: str, around: Matrix) -> str:
    back = inverse(around)
    local = product_of(back, world) if back is not None else world
    plate = standing.plate
    return written(standing, local, plate.words, plate.place, plate.asked, path=f"{home}/{NAME}")


def _on_top(archive: Archive, stage: Stage, standing: Standing, world: Matrix) -> Splice:
    first = min(archive.entries(), key=lambda entry: entry.start)
    home, around = _home(stage)
    prim = _prim(standing, world, home, around)
    folder, below = posixpath.split(first.shown)
    quotes = "@@@" if "@" in below else "@"
    header = stage.header.replace(f"@{ROOT}@", f"{quotes}./{below}{quotes}", 1)
    text = header.rstrip() + "\n\n" + (within(home, prim) if home else prim)
    name = posixpath.join(folder, _LAYER).encode()
    number = 1
    while name in archive:
        number += 1
        name = posixpath.join(folder, f"yinji-label-{number}.usda").encode()
    return plan_first(archive, name, text.encode(), alignment=_ALIGNMENT)
