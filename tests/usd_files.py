"""OpenUSD stages made with OpenUSD itself, what its own validators say, and how to show a stage in another viewer."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from pxr import Usd, UsdGeom, UsdShade, UsdUtils, UsdValidation

import scene_files


def stage(path: Path, *, up: str = "Y", camera: str = "", home: str = "Xform") -> bytes:
    """Writes a box of two units, moved and scaled by what is around it; returns the file.

    Args:
        path: ``.usda`` or ``.usdc``.
        up: Its upward axis.
        camera: ``perspective`` or ``orthographic``: seen by a camera that stands inside other prims.
        home: Type of the default prim; "" for a stage without one.
    """
    made = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(made, up)
    UsdGeom.SetStageMetersPerUnit(made, 0.01)
    around = UsdGeom.Xform.Define(made, "/World") if home != "Cube" else UsdGeom.Cube.Define(made, "/World")
    around.AddTranslateOp().Set((10, 20, 30))
    around.AddScaleOp().Set((2, 2, 2))
    if home:
        made.SetDefaultPrim(around.GetPrim())
    box = UsdGeom.Cube.Define(made, "/World/Box") if home != "Cube" else around
    box.GetDisplayColorAttr().Set([(0.5, 0.2, 0.15)])
    if camera:
        eye = UsdGeom.Camera.Define(made, "/World/Rig/Eye")
        ahead, tilt = ((0, 1, 8), (-8, 0, 0)) if up == "Y" else ((0, -8, 1), (82, 0, 0))
        UsdGeom.XformCommonAPI(eye).SetTranslate(ahead)
        UsdGeom.XformCommonAPI(eye).SetRotate(tilt)
        eye.GetClippingRangeAttr().Set((0.5, 1000))
        if camera == "orthographic":
            eye.GetProjectionAttr().Set("orthographic")
            eye.GetHorizontalApertureAttr().Set(120)
            eye.GetVerticalApertureAttr().Set(80)
    made.GetRootLayer().customLayerData = {"mood": "calm"}
    made.GetRootLayer().Save()
    return path.read_bytes()


def package(path: Path) -> bytes:
    """Returns the package that OpenUSD's own writer makes of a layer."""
    target = path.with_name(path.name + ".usdz")
    assert UsdUtils.CreateNewUsdzPackage(str(path), str(target))
    return target.read_bytes()


def complaints(path: Path) -> list[str]:
    """Returns what OpenUSD's validators say of a stage."""
    context = UsdValidation.ValidationContext(UsdValidation.ValidationRegistry().GetOrLoadAllValidators())
    return [f"{e.GetName()}: {e.GetMessage()}" for e in context.Validate(Usd.Stage.Open(str(path)))]


def as_glb(path: Path) -> bytes:
    """Returns the composed stage as a GLB: every face in its place and colour, and the camera. Light is left out."""
    made = Usd.Stage.Open(str(path))
    cache = UsdGeom.XformCache()
    document: dict[str, Any] = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": [{"children": []}],
        "extensionsUsed": ["KHR_materials_unlit"],
    }
    if UsdGeom.GetStageUpAxis(made) == "Z":
        document["nodes"][0]["rotation"] = [-(0.5**0.5), 0, 0, 0.5**0.5]
    lists: dict[str, list[Any]] = {k: [] for k in ("meshes", "materials", "accessors", "bufferViews", "cameras")}
    data = b""
    for prim in made.Traverse():
        matrix = [v for row in cache.GetLocalToWorldTransform(prim) for v in row]
        if prim.IsA(UsdGeom.Camera):
            lens = UsdGeom.Camera(prim).GetCamera()
            lists["cameras"].append(_lens(lens))
            _node(document, {"camera": 0, "matrix": matrix})
        elif prim.IsA(UsdGeom.Gprim):
            points, faces, sides = _faces(prim)
            triangles = [i for face in faces for k in range(1, len(face) - 1) for i in (face[0], face[k], face[k + 1])]
            for body, kind, component, target in (
                (b"".join(struct.pack("<3f", *p) for p in points), "VEC3", 5126, 34962),
                (struct.pack(f"<{len(triangles)}I", *triangles), "SCALAR", 5125, 34963),
            ):
                view = {"buffer": 0, "byteOffset": len(data), "byteLength": len(body), "target": target}
                count = len(points) if kind == "VEC3" else len(triangles)
                accessor = {"bufferView": len(lists["bufferViews"]), "componentType": component, "type": kind}
                lists["accessors"].append(accessor | {"count": count})
                lists["bufferViews"].append(view)
                data += body
            low, high = ([f(p[k] for p in points) for k in range(3)] for f in (min, max))
            lists["accessors"][-2] |= {"min": low, "max": high}
            colour = {"baseColorFactor": [*_colour(prim), 1]}
            material = {"pbrMetallicRoughness": colour, "extensions": {"KHR_materials_unlit": {}}}
            lists["materials"].append(material | ({"doubleSided": True} if sides else {}))
            attributes = {"POSITION": len(lists["accessors"]) - 2}
            primitive = {"attributes": attributes, "indices": len(lists["accessors"]) - 1}
            lists["meshes"].append({"primitives": [primitive | {"material": len(lists["materials"]) - 1}]})
            _node(document, {"mesh": len(lists["meshes"]) - 1, "matrix": matrix})
    document |= {k: v for k, v in lists.items() if v} | {"buffers": [{"byteLength": len(data)}]}
    return scene_files.glb((json.loads(json.dumps(document)), data))


def _node(document: dict[str, Any], node: dict[str, Any]) -> None:
    document["nodes"][0]["children"].append(len(document["nodes"]))
    document["nodes"].append(node)


def _lens(lens: Any) -> dict[str, Any]:
    near, far = lens.clippingRange.min, lens.clippingRange.max
    if str(lens.projection).endswith("Orthographic"):
        size = {"xmag": lens.horizontalAperture / 20, "ymag": lens.verticalAperture / 20}
        return {"type": "orthographic", "orthographic": size | {"znear": near, "zfar": far}}
    angle = lens.GetFieldOfView(type(lens).FOVVertical) * 3.141592653589793 / 180
    aspect = lens.horizontalAperture / lens.verticalAperture
    return {"type": "perspective", "perspective": {"yfov": angle, "aspectRatio": aspect, "znear": near, "zfar": far}}


def _faces(prim: Any) -> tuple[list[tuple[float, ...]], list[list[int]], bool]:
    if prim.IsA(UsdGeom.Mesh):
        mesh = UsdGeom.Mesh(prim)
        order, faces = list(mesh.GetFaceVertexIndicesAttr().Get()), []
        for count in mesh.GetFaceVertexCountsAttr().Get():
            faces.append(order[:count])
            order = order[count:]
        points = [tuple(float(v) for v in p) for p in mesh.GetPointsAttr().Get()]
        return points, faces, bool(mesh.GetDoubleSidedAttr().Get())
    half = UsdGeom.Cube(prim).GetSizeAttr().Get() / 2
    points = [(x, y, z) for x in (-half, half) for y in (-half, half) for z in (-half, half)]
    return points, [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]], True


def _colour(prim: Any) -> list[float]:
    """Returns the colour that a surface gives off without light, else its display colour."""
    material, _ = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()
    if material:
        surface = material.ComputeSurfaceSource()[0]
        return [float(v) for v in surface.GetInput("emissiveColor").Get()]
    return [float(v) for v in UsdGeom.Gprim(prim).GetDisplayColorAttr().Get()[0]]
