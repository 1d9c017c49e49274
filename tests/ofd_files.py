"""OFD documents as different producers write them, and a plain renderer of the few things that a label is made of."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
import zipfile
from typing import Any, NamedTuple

from PIL import Image, ImageDraw, ImageFont

SPACE = "http://www.ofdspec.org/2016"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
A4 = "0 0 210 297"


class Sheet(NamedTuple):
    """A page: its box, a ground colour or "", and whether it has content of its own."""

    box: str = A4
    ground: str = ""
    has_content: bool = True


def written(
    *pages: Sheet, resources: bool = True, common: str = "", prefix: str = "ofd:", told: int | None = None
) -> bytes:
    """A document with eight lines of text on each page."""
    p = prefix
    bound = f'xmlns:{p[:-1]}="{SPACE}"' if p else f'xmlns="{SPACE}"'
    number = 10
    parts = {}
    for at, sheet in enumerate(pages):
        width, height = sheet.box.split()[2:]
        objects = ""
        if sheet.ground:
            number += 1
            objects += (
                f'<{p}PathObject ID="{number}" Boundary="{sheet.box}" Fill="true" Stroke="false"><{p}FillColor '
                f'Value="{sheet.ground}"/><{p}AbbreviatedData>M 0 0 L {width} 0 L {width} {height} L 0 {height} C'
                f"</{p}AbbreviatedData></{p}PathObject>"
            )
        for row in range(8):
            number += 1
            objects += (
                f'<{p}TextObject ID="{number}" Boundary="20 {40 + row * 10} 150 8" Font="9" Size="5"><{p}TextCode '
                f'X="0" Y="5" DeltaX="g 6 5">春天来了花开了</{p}TextCode></{p}TextObject>'
            )
        number += 1
        content = f'<{p}Content><{p}Layer ID="{number}">{objects}</{p}Layer></{p}Content>' if sheet.has_content else ""
        area = f"<{p}Area><{p}PhysicalBox>{sheet.box}</{p}PhysicalBox></{p}Area>" if sheet.box != A4 else ""
        parts[f"Doc_0/Pages/Page_{at}/Content.xml"] = f"<{p}Page {bound}>{area}{content}</{p}Page>"
    listed = "".join(f'<{p}Page ID="{n + 1}" BaseLoc="Pages/Page_{n}/Content.xml"/>' for n in range(len(pages)))
    shared = f"<{p}PublicRes>PublicRes.xml</{p}PublicRes>" if resources else ""
    parts["Doc_0/Document.xml"] = (
        f"<{p}Document {bound}><{p}CommonData><{p}MaxUnitID>{number if told is None else told}</{p}MaxUnitID>"
        f"<{p}PageArea><{p}PhysicalBox>{A4}</{p}PhysicalBox></{p}PageArea>{shared}{common}</{p}CommonData>"
        f"<{p}Pages>{listed}</{p}Pages></{p}Document>"
    )
    if resources:
        parts["Doc_0/PublicRes.xml"] = (
            f'<{p}Res {bound} BaseLoc="Res"><{p}Fonts><{p}Font ID="9" FontName="宋体"/></{p}Fonts></{p}Res>'
        )
    parts["OFD.xml"] = (
        f'<{p}OFD {bound} Version="1.0" DocType="OFD"><{p}DocBody><{p}DocInfo><{p}DocID>'
        f"0123456789abcdef0123456789abcdef</{p}DocID></{p}DocInfo><{p}DocRoot>Doc_0/Document.xml</{p}DocRoot>"
        f"</{p}DocBody></{p}OFD>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, HEAD + text)
    return out.getvalue()


def tree(data: bytes, name: str) -> Any:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return ElementTree.fromstring(archive.read(name))


def rendered(data: bytes, page: int = 0, dots: float = 6.0, size: tuple[float, float] = (210, 297)) -> Image.Image:
    """Draws paths as boxes, and text whose font is in the file; ``dots`` are pixels to a millimetre."""
    space = {"o": SPACE}
    shared = [tree(data, name) for name in names(data) if name.endswith("Res.xml")]
    fonts = {
        f.get("ID"): f.findtext("o:FontFile", None, space) for res in shared for f in res.iterfind(".//o:Font", space)
    }
    image = Image.new("RGB", (round(size[0] * dots), round(size[1] * dots)), "white")
    pen = ImageDraw.Draw(image)
    for item in tree(data, f"Doc_0/Pages/Page_{page}/Content.xml").iter():
        kind = item.tag.partition("}")[2]
        if kind not in ("PathObject", "TextObject"):
            continue
        left, top, width, height = (float(v) * dots for v in item.get("Boundary", "").split())
        fill = item.find("o:FillColor", space)
        colour = tuple(map(int, fill.get("Value", "").split())) if fill is not None else (90, 90, 90)
        if kind == "PathObject":
            is_round = " B " in item.findtext("o:AbbreviatedData", "", space)
            edge = (140, 140, 140) if is_round else None
            radius = height / 2 if is_round else 0
            pen.rounded_rectangle((left, top, left + width, top + height), radius, colour, edge)
            continue
        code = item.find("o:TextCode", space)
        em, file = float(item.get("Size", "")) * dots, fonts.get(item.get("Font"))
        if code is None or file is None:
            pen.rectangle((left, top + em * 0.2, left + em * 7, top + em), fill=(205, 205, 205))
            continue
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            face = ImageFont.truetype(io.BytesIO(archive.read(f"Doc_0/Res/{file}")), em)
        x, y = float(code.get("X", "")) * dots, float(code.get("Y", "")) * dots
        for character, step in zip(code.text or "", [*map(float, code.get("DeltaX", "").split()), 0.0], strict=True):
            pen.text((left + x, top + y), character, colour, face, anchor="ls")
            x += step * dots
    return image


def names(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.namelist()
