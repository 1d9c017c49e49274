"""What the reading process says of a stage, as values."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from yinji.errors import LimitExceeded, Malformed, MissingExtra, UnreadableInput
from yinji.marks.scene.geometry import Bounds, Matrix, Vector, bounds_of, transposed
from yinji.marks.scene.view import Camera

_SECONDS: Final = 60.0
_Y_UP: Final[Matrix] = (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1)
_Z_UP: Final[Matrix] = (1, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1)


@dataclass(frozen=True, slots=True)
class Found:
    """A plate as it stands in the stage.

    Attributes:
        note: What it says of itself.
        world: Its matrix.
        visible: Whether it is shown.
        words, board: Corners of the words and of the plate, in its own axes.
    """

    note: dict[str, Any]
    world: Matrix
    visible: bool
    words: list[Vector]
    board: list[Vector]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage.

    Attributes:
        axes: From right, up and towards the viewer to the axes of the stage.
        camera: Path, lens and matrix of the first camera, or None.
        content: Box of everything but plates, along right, up and towards the viewer.
        home: Path and matrix of the prim that stands for the whole scene, or None.
        header: A layer that stands on top of the root layer.
        plates: What labels there are.
    """

    axes: Matrix
    camera: tuple[str, Camera, Matrix] | None
    content: Bounds | None
    home: tuple[str, Matrix] | None
    header: str
    plates: tuple[Found, ...]


def read(path: Path, name: str) -> Stage:
    """Reads a stage in a process of its own.

    Args:
        path: The file.
        name: What to call it.

    Raises:
        MissingExtra: OpenUSD is not installed.
        Malformed, LimitExceeded, UnreadableInput: The stage cannot be read.
    """
    if find_spec("pxr") is None:
        raise MissingExtra("missing-extra", extra="usd", names="usd-core")
    command = [sys.executable, "-P", "-m", "yinji.marks.scene.usd.worker", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise LimitExceeded("scene-reader-silent", path=name, seconds=round(_SECONDS)) from None
    try:
        told = json.loads(done.stdout)
    except ValueError:
        raise UnreadableInput("scene-reader-died", path=name) from None
    if "error" in told:
        # OpenUSD puts where in its own source an error arose in front of what it says.
        reason = str(told["error"]).rpartition(" : ")[2].replace(str(path), name or path.name)
        raise Malformed("scene-broken", path=name, reason=reason)
    return _stage(told)


def _stage(told: dict[str, Any]) -> Stage:
    axes = _Z_UP if told["up"] == "Z" else _Y_UP
    lens, home = told["camera"], told["home"]
    camera = None
    if lens is not None:
        seen = Camera(*(lens[key] for key in ("half_height", "aspect", "near", "far", "perspective")))
        camera = (str(lens["path"]), seen, transposed(lens["matrix"]))
    content = None
    if told["bounds"] is not None:
        content = bounds_of(_turned(axes, corner) for corner in Bounds(*map(_vector, told["bounds"])).corners)
    return Stage(
        axes,
        camera,
        content,
        (str(home["path"]), transposed(home["matrix"])) if home is not None else None,
        str(told["header"]),
        tuple(
            Found(
                plate["note"],
                transposed(plate["matrix"]),
                plate["visible"],
                [_vector(p) for p in plate["words"]],
                [_vector(p) for p in plate["board"]],
            )
            for plate in told["plates"]
        ),
    )


def _vector(values: list[float]) -> Vector:
    x, y, z = values
    return x, y, z


def _turned(axes: Matrix, point: Vector) -> Vector:
    """Returns a point of the stage along right, up and towards the viewer: the axes backwards."""
    x, y, z = (sum(axes[4 * row + column] * point[row] for row in range(3)) for column in range(3))
    return x, y, z
