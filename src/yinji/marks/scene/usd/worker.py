"""Says of an OpenUSD stage what placing a plate takes: run as a process of its own, since the reader is native code.

Reads the path of the stage as its argument and writes one JSON object:

    {"up": "Y" | "Z", "camera": {...} | null, "bounds": [[x, y, z], [x, y, z]] | null, "home": {...} | null,
     "header": text of a layer that sublayers the stage, "plates": [{...}]}

Matrices are as USD writes them: sixteen numbers, for row vectors.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final

KEY: Final = "yinji"
ROOT: Final = "./yinji-root"
"""Stands in the header for the layer below it, whose name in the package the reader is not told."""
_MOST_PRIMS: Final = 200_000
_NOT_KEPT: Final = ("subLayers", "subLayerOffsets", "primChildren")
_LABEL: Final = "AIGC"


def told(path: str) -> dict[str, Any]:
    """Reads the stage.

    Raises:
        ValueError: Too many prims.
    """
    from pxr import Usd, UsdGeom  # type: ignore[import-untyped]

    stage = Usd.Stage.Open(path)
    root = stage.GetRootLayer()
    time = Usd.TimeCode(stage.GetStartTimeCode()) if stage.HasAuthoredTimeCodeRange() else Usd.TimeCode.Default()
    camera, plates = None, []
    for number, prim in enumerate(stage.Traverse()):
        if number > _MOST_PRIMS:
            raise ValueError("prims")
        if camera is None and prim.IsA(UsdGeom.Camera):
            camera = _camera(UsdGeom.Camera(prim), time)
        note = prim.GetCustomDataByKey(KEY)
        if isinstance(note, dict):
            plates.append(_plate(prim, note, time))
    cache = UsdGeom.BBoxCache(time, [UsdGeom.Tokens.default_, UsdGeom.Tokens.render])
    return {
        "up": str(UsdGeom.GetStageUpAxis(stage)),
        "camera": camera,
        "bounds": _bounds(stage, cache),
        "home": _home(stage.GetDefaultPrim(), time),
        "header": _header(root),
        "plates": plates,
    }


def _matrix(prim: Any, time: Any) -> list[float]:
    from pxr import UsdGeom

    matrix = UsdGeom.Xformable(prim).ComputeLocalToWorldTransform(time) if prim.IsA(UsdGeom.Xformable) else None
    rows = matrix if matrix is not None else [[float(r == c) for c in range(4)] for r in range(4)]
    return [float(rows[r][c]) for r in range(4) for c in range(4)]


def _camera(camera: Any, time: Any) -> dict[str, Any]:
    lens = camera.GetCamera(time)
    near, far = lens.clippingRange.min, lens.clippingRange.max
    perspective = str(lens.projection).rpartition(".")[2] == "Perspective"
    return {
        "path": str(camera.GetPath()),
        "perspective": perspective,
        # Apertures and focal length are tenths of the scene's unit; in a perspective that cancels out.
        "half_height": lens.verticalAperture / (2 * lens.focalLength) if perspective else lens.verticalAperture / 20,
        "aspect": lens.horizontalAperture / lens.verticalAperture,
        "near": near,
        "far": far,
        "matrix": _matrix(camera.GetPrim(), time),
    }


def _bounds(stage: Any, cache: Any) -> list[list[float]] | None:
    """Returns the box of everything but our plates."""
    from pxr import Gf

    whole = Gf.Range3d()
    waiting = [stage.GetPseudoRoot()]
    while waiting:
        prim = waiting.pop()
        if isinstance(prim.GetCustomDataByKey(KEY) if prim.GetParent() else None, dict):
            continue
        if _holds_plate(prim):
            waiting += prim.GetChildren()
        else:
            box = cache.ComputeWorldBound(prim).ComputeAlignedRange()
            whole = Gf.Range3d.GetUnion(whole, box)
    if whole.IsEmpty():
        return None
    return [[float(v) for v in whole.min], [float(v) for v in whole.max]]


def _holds_plate(prim: Any) -> bool:
    from pxr import Usd

    if not prim.GetParent():
        return True
    return any(isinstance(p.GetCustomDataByKey(KEY), dict) for p in Usd.PrimRange(prim))


def _home(prim: Any, time: Any) -> dict[str, Any] | None:
    """Returns the prim under which the plate moves with the whole scene, if it may have children that are drawn."""
    if not prim or prim.GetTypeName() not in ("", "Xform", "Scope") or prim.IsInstance():
        return None
    return {"path": str(prim.GetPath()), "matrix": _matrix(prim, time)}


def _header(root: Any) -> str:
    """Returns a layer with the metadata of the root layer, which is read nowhere else, and the layer below it."""
    from pxr import Sdf

    layer = Sdf.Layer.CreateAnonymous(".usda")
    for key in root.pseudoRoot.ListInfoKeys():
        if key not in _NOT_KEPT:
            layer.pseudoRoot.SetInfo(key, root.pseudoRoot.GetInfo(key))
    layer.customLayerData = {k: v for k, v in layer.customLayerData.items() if k.upper() != _LABEL}
    layer.subLayerPaths.append(ROOT)
    return str(layer.ExportToString())


def _plate(prim: Any, note: dict[str, Any], time: Any) -> dict[str, Any]:
    from pxr import UsdGeom

    words = UsdGeom.Mesh(prim.GetChild("Front").GetChild("Words"))
    board = UsdGeom.Mesh(prim.GetChild("Front").GetChild("Plate"))
    visible = UsdGeom.Imageable(prim).ComputeVisibility(time) != UsdGeom.Tokens.invisible
    return {
        "note": {str(k): v for k, v in note.items() if isinstance(v, (str, int, float))},
        "matrix": _matrix(prim, time),
        "visible": bool(visible),
        "words": _points(words),
        "board": _points(board),
    }


def _points(mesh: Any) -> list[list[float]]:
    points = mesh.GetPointsAttr().Get() if mesh else None
    return [[float(v) for v in point] for point in points or []]


def main() -> None:
    """Answers, or says in one word why not."""
    try:
        answer: dict[str, Any] = told(sys.argv[1])
    except Exception as error:
        answer = {"error": str(error).strip().splitlines()[-1][:300] if str(error).strip() else type(error).__name__}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
