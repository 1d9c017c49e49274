"""What phones make of one photograph: Ultra HDR (a gain map behind the picture), and motion photos (a film behind it).

Pictures and films come from real encoders; what stands around them is put together as Google's Ultra HDR 1.1 and
Motion Photo 1.0, ISO 21496-1 and CIPA DC-007 lay it out.
"""

from __future__ import annotations

import io
import struct
from functools import cache

import samples
from yinji.containers.bmff.boxes import make_box

_RDF = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Container="http://ns.google.com/photos/1.0/container/"'
    ' xmlns:Item="http://ns.google.com/photos/1.0/container/item/"'
    ' xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"'
    " {attributes}>{directory}</rdf:Description></rdf:RDF></x:xmpmeta>"
)
_GAIN = (
    'hdrgm:Version="1.0" hdrgm:GainMapMin="0" hdrgm:GainMapMax="2.3" hdrgm:Gamma="1" hdrgm:OffsetSDR="0.015625"'
    ' hdrgm:OffsetHDR="0.015625" hdrgm:HDRCapacityMin="0" hdrgm:HDRCapacityMax="2.3" hdrgm:BaseRenditionIsHDR="False"'
)
_MOTION = 'GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1" GCamera:MotionPhotoPresentationTimestampUs="0"'
_ISO = b"urn:iso:std:iso:ts:21496:-1\0" + bytes(4)
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_JFIF = 20
"""Where the segment of Pillow's JFIF ends."""


def _packet(attributes: str, *items: tuple[str, str, int, int]) -> bytes:
    """A packet whose directory lists (meaning, media type, length, padding)."""
    rows = "".join(
        f'<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="{meaning}" Item:Mime="{media_type}"'
        f' Item:Length="{length}" Item:Padding="{padding}"/></rdf:li>'
        for meaning, media_type, length, padding in items
    )
    directory = f"<Container:Directory><rdf:Seq>{rows}</rdf:Seq></Container:Directory>" if items else ""
    return _RDF.format(attributes=attributes, directory=directory).encode()


def _segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload


def _index(first: int, second: int, offset: int) -> bytes:
    """An MPF index of two pictures; the second stands ``offset`` behind the byte order mark of the index."""
    entries = struct.pack("<IIIHHIIIHH", 0x030000, first, 0, 0, 0, 0, second, offset, 0, 0)
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", 3) + struct.pack("<HHI4s", 0xB000, 7, 4, b"0100")
    head += struct.pack("<HHII", 0xB001, 4, 1, 2) + struct.pack("<HHII", 0xB002, 7, 32, 8 + 2 + 36 + 4)
    return _segment(0xE2, b"MPF\0" + head + struct.pack("<I", 0) + entries)


@cache
def film() -> bytes:
    return samples.video("mp4").read_bytes()


@cache
def gain_map() -> bytes:
    """A quarter of the picture in gray, with its own parameters in XMP and a segment of ISO 21496-1."""
    out = io.BytesIO()
    samples.picture("L", (40, 30)).save(out, "JPEG", quality=85)
    data = out.getvalue()
    said = _segment(0xE1, _XMP + _packet(_GAIN)) + _segment(0xE2, _ISO + bytes(57))
    return data[:_JFIF] + said + data[_JFIF:]


@cache
def jpeg(*, with_map: bool = True, with_film: bool = False) -> bytes:
    picture = samples.jpeg("baseline").read_bytes()
    items = [("Primary", "image/jpeg", 0, 0)]
    if with_map:
        items.append(("GainMap", "image/jpeg", len(gain_map()), 0))
    if with_film:
        items.append(("MotionPhoto", "video/mp4", len(film()), 0))
    attributes = " ".join(['hdrgm:Version="1.0"'] * with_map + [_MOTION] * with_film)
    front = picture[:_JFIF] + _segment(0xE1, _XMP + _packet(attributes, *items))
    if not with_map:
        return front + picture[_JFIF:] + film() * with_film
    front += _segment(0xE2, _ISO)
    whole = len(front) + len(_index(0, 0, 0)) + len(picture) - _JFIF
    index = _index(whole, len(gain_map()), whole - len(front) - 8)
    return front + index + picture[_JFIF:] + gain_map() + film() * with_film


@cache
def heic() -> bytes:
    """A motion photo by libheif and x265; its film is the last box, eight bytes behind the picture."""
    import pillow_heif

    image = samples.picture()
    items = (("Primary", "image/heic", 0, 8), ("MotionPhoto", "video/mp4", len(film()), 0))
    image.info["xmp"] = _packet(_MOTION, *items)
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=60)
    return out.getvalue() + make_box(b"mpvd", film())
