"""Binary layers and packages by OpenUSD itself, and what OpenUSD reads in them: run as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

RICH = """#usda 1.0
(
    customLayerData = {
        dictionary deep = {
            dictionary deeper = {
                string mood = "calm"
            }
        }
        string mood = "calm"
        double[] numbers = [1.5, 2.5]
    }
    defaultPrim = "Ball"
    doc = "a ball"
    subLayers = [
        @./under.usda@ (offset = 10; scale = 2)
    ]
    upAxis = "Z"
)

def Sphere "Ball" (
    assetInfo = {
        asset identifier = @ball.usda@
    }
    customData = {
        string mood = "calm"
    }
    prepend payload = @./payload.usda@</P> (offset = 1)
    prepend references = @./reference.usda@</R> (offset = 5)
    variants = {
        string size = "small"
    }
    prepend variantSets = "size"
)
{
    string[] names = ["calm", "AIGC", "customLayerData"]
    double radius = 2.123456789
    token token = "customLayerData"
    rel kid = </Ball/Kid>
    float weight.timeSamples = {
        0: 1,
        1: 2.5,
        2: None,
    }

    def Xform "Kid"
    {
        matrix4d xformOp:transform = ( (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (3, 4, 5, 1) )
        uniform token[] xformOpOrder = ["xformOp:transform"]
    }
    variantSet "size" = {
        "large" {
            double radius = 5
        }
        "small" {
            double radius = 1
        }
    }
}
"""

_MAKE = """
import contextlib, sys
from pathlib import Path
from pxr import Sdf, Tf
for name in sys.argv[1:]:
    layer = Sdf.Layer.OpenAsAnonymous(name)
    with contextlib.suppress(Tf.ErrorException):  # it writes versions that it does not read
        layer.Export(str(Path(name).with_suffix(".usdc")))
"""

_LARGE = """
import random
from pxr import Gf, Usd, UsdGeom, Vt
chance, stage = random.Random(1), Usd.Stage.CreateNew("large.usdc")
mesh = UsdGeom.Mesh.Define(stage, "/Mesh")
mesh.GetPointsAttr().Set(Vt.Vec3fArray([Gf.Vec3f(*(chance.random() for _ in range(3))) for _ in range(100_000)]))
mesh.GetFaceVertexCountsAttr().Set([3] * 33_333)
mesh.GetFaceVertexIndicesAttr().Set(list(range(99_999)))
for number in range(500):
    node = UsdGeom.Xform.Define(stage, f"/Nodes/Node{number}")
    node.AddTranslateOp().Set(Gf.Vec3d(number, chance.random(), 0))
    node.GetPrim().SetCustomDataByKey("number", number)
stage.GetRootLayer().Save()
"""

_TOLD = """
import hashlib, json, sys
from pxr import Sdf, Usd
found = {}
for name in sys.argv[1:]:
    layer = Sdf.Layer.OpenAsAnonymous(name)
    data = dict(layer.customLayerData)
    label = data.pop("AIGC", None)
    if data:
        layer.customLayerData = data
    elif label is not None:
        layer.ClearCustomLayerData()
    stage = Usd.Stage.Open(name, load=Usd.Stage.LoadNone)
    prims = [str(prim.GetPath()) for prim in stage.TraverseAll()]
    found[name] = [label, hashlib.sha256(layer.ExportToString().encode()).hexdigest(), prims]
print(json.dumps(found))
"""

_COMPLAINTS = """
import json, sys
from pxr import Usd, UsdValidation
context = UsdValidation.ValidationContext(UsdValidation.ValidationRegistry().GetOrLoadAllValidators())
print(json.dumps([f"{e.GetName()}: {e.GetMessage()}" for e in context.Validate(Usd.Stage.Open(sys.argv[1]))]))
"""

_SAVED = """
import sys
from pxr import Sdf
layer = Sdf.Layer.FindOrOpen(sys.argv[1])
exec(sys.argv[2])
assert layer.Save()
"""


def _run(script: str, *arguments: str, folder: Path, version: str = "") -> str:
    told = {"USD_WRITE_NEW_USDC_FILES_AS_VERSION": version} if version else {}
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, env=os.environ | told)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def crates(folder: Path, texts: dict[str, bytes], version: str = "") -> dict[str, bytes]:
    """Returns text layers as binary ones, of a version that OpenUSD writes."""
    for name, text in texts.items():
        (folder / f"{name}.usda").write_bytes(text)
    _run(_MAKE, *(f"{name}.usda" for name in texts), folder=folder, version=version)
    return {name: (folder / f"{name}.usdc").read_bytes() for name in texts}


def large(folder: Path) -> bytes:
    """Returns a binary layer of a hundred thousand points and five hundred prims."""
    _run(_LARGE, folder=folder)
    return (folder / "large.usdc").read_bytes()


def told(folder: Path, **contents: bytes) -> dict[str, Any]:
    """Returns what OpenUSD reads in layers or packages: the label, a digest of all else as text, and the prims."""
    names = {}
    for name, content in contents.items():
        ending = "usdz" if content.startswith(b"PK") else "usdc"
        names[f"{name}.{ending}"] = name
        (folder / f"{name}.{ending}").write_bytes(content)
    return {names[name]: each for name, each in json.loads(_run(_TOLD, *names, folder=folder)).items()}


def complaints(folder: Path, content: bytes) -> list[str]:
    """Returns what OpenUSD's validators say of a package."""
    (folder / "checked.usdz").write_bytes(content)
    return sorted(json.loads(_run(_COMPLAINTS, "checked.usdz", folder=folder)))


def saved(folder: Path, content: bytes, change: str) -> bytes:
    """Returns a layer after OpenUSD opened it, ran a statement on ``layer``, and saved it to where it was."""
    (folder / "saved.usdc").write_bytes(content)
    _run(_SAVED, "saved.usdc", change, folder=folder)
    return (folder / "saved.usdc").read_bytes()
