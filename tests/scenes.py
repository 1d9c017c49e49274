"""Scenes as a viewer shows them: three.js in a real browser with a software renderer, and two independent readers."""

from __future__ import annotations

import base64
import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, Route, sync_playwright

import oracles

NODE = Path(sys.prefix) / "node/node_modules"
_BASE = "http://scenes.test/"
_SWITCHES = (
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
)
_PAGE = """<!doctype html><meta charset="utf-8"><style>body{margin:0}canvas{display:block}</style>
<script type="importmap">{"imports": {
  "three": "/three/build/three.module.min.js", "three/addons/": "/three/examples/jsm/"
}}</script>
<script type="module">
import * as THREE from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
const renderer = new THREE.WebGLRenderer({ antialias: true, preserveDrawingBuffer: true });
document.body.append(renderer.domElement);
window.show = async ({ data, width, height, background, turn, loose, front, lamp }) => {
  const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
  const gltf = await new GLTFLoader().parseAsync(bytes.buffer, '');
  renderer.setSize(width, height);
  const scene = new THREE.Scene();
  scene.background = new THREE.Color(background);
  scene.add(gltf.scene, new THREE.HemisphereLight(0xffffff, 0x556677, lamp ? 1.1 : 2.5));
  if (lamp) {
    const sun = new THREE.DirectionalLight(0xfff2e0, 2.6);
    sun.position.set(-2, 3, 3 * front);
    scene.add(sun);
  }
  scene.updateMatrixWorld(true);
  let camera = gltf.cameras[0];
  if (camera === undefined) {
    const box = new THREE.Box3().setFromObject(gltf.scene);
    const centre = box.getCenter(new THREE.Vector3());
    const radius = box.getSize(new THREE.Vector3()).length() / 2;
    camera = new THREE.PerspectiveCamera(45, width / height, radius / 100, radius * 100);
    const away = loose * radius / Math.sin(Math.PI / 8) / Math.min(1, width / height);
    const angle = turn * Math.PI / 180;
    camera.position.set(centre.x + away * Math.sin(angle), centre.y, centre.z + front * away * Math.cos(angle));
    camera.lookAt(centre);
  } else if (camera.isPerspectiveCamera) {
    camera.aspect = width / height;
    camera.updateProjectionMatrix();
  }
  gltf.scene.updateMatrixWorld(true);
  renderer.render(scene, camera);
  return renderer.domElement.toDataURL('image/png').split(',')[1];
};
window.ready = true;
</script>"""


class Viewer:
    """A page that shows one scene after the other."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def picture(
        self,
        data: bytes,
        size: tuple[int, int] = (480, 320),
        *,
        background: str = "#8899aa",
        turn: float = 0,
        loose: float = 1.0,
        front: int = 1,
        lamp: bool = False,
    ) -> Image.Image:
        """Returns the start view: the first camera's, or else the content seen from its front.

        Args:
            data: The glTF or GLB.
            size: Of the window.
            background: Its colour.
            turn: Degrees by which the viewer stands aside, without a camera.
            loose: How much room the viewer leaves around the content.
            front: Which way the content faces, 1 or -1.
            lamp: Whether light falls from one side too, which shows roundness.
        """
        told = {"data": base64.b64encode(data).decode(), "width": size[0], "height": size[1]}
        told |= {"background": background, "turn": turn, "loose": loose, "front": front, "lamp": lamp}
        shown = self._page.evaluate("told => window.show(told)", told)
        return Image.open(io.BytesIO(base64.b64decode(shown))).convert("RGB")


@contextmanager
def viewer() -> Iterator[Viewer]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(_SWITCHES))
        page = browser.new_page()
        page.route("**/*", _answer)
        page.goto(_BASE)
        page.wait_for_function("window.ready === true")
        yield Viewer(page)
        browser.close()


def _answer(route: Route) -> None:
    path = route.request.url.removeprefix(_BASE)
    if not path:
        route.fulfill(body=_PAGE, content_type="text/html")
    elif path.startswith("three/") and (NODE / path).is_file():
        route.fulfill(path=NODE / path, content_type="text/javascript")
    elif path.startswith("data:") or route.request.url.startswith(("blob:", "data:")):
        route.continue_()
    else:
        route.fulfill(status=404, body="")


def ink_box(picture: Image.Image) -> tuple[int, int, int, int] | None:
    """Returns the box of the label's words: what is all but white. Nothing else in the tests' scenes is."""
    return picture.convert("L").point([0] * 170 + [255] * 86).getbbox()


def complaints(files: Sequence[bytes]) -> list[list[str]]:
    """Returns the errors and warnings of the Khronos validator on each file, by code and place."""
    script = (
        "const v=require('gltf-validator');const c=[];process.stdin.on('data',d=>c.push(d));"
        "process.stdin.on('end',async()=>{const out=[];for(const f of JSON.parse(Buffer.concat(c)))"
        "out.push(await v.validateBytes(new Uint8Array(Buffer.from(f,'base64'))));console.log(JSON.stringify(out))})"
    )
    told = json.dumps([base64.b64encode(data).decode() for data in files]).encode()
    reports: list[dict[str, Any]] = json.loads(
        oracles.run("env", f"NODE_PATH={NODE}", "node", "-e", script, input=told)
    )
    return [
        [f"{m['code']} {m.get('pointer', '')}" for m in report["issues"]["messages"] if m["severity"] < 2]
        for report in reports
    ]
