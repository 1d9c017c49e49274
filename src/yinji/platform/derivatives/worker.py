"""Makes derivatives, inside a helper process (:mod:`yinji.platform.work.helpers`)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from PIL import Image

THUMBNAIL_SIDE: Final = 640
DISPLAY_SIDE: Final = 1280
VIDEO_HEIGHT: Final = 720
CARD: Final = (1200, 630)
MOST_PIXELS: Final = 100_000_000
MOST_FRAMES: Final = 60 * 60 * 30
"""An hour at 30 frames a second; a longer film is served as it is."""

_PAPER: Final = (247, 245, 240)
_INK: Final = (33, 31, 28)
_QUIET: Final = (110, 104, 96)


def work(task: dict[str, Any]) -> None:
    """Makes the file that a task asks for: ``kind``, ``source``, ``target``, and for a card its words."""
    match task["kind"]:
        case "thumbnail":
            _thumbnail(task["source"], task["target"], task["media_type"], THUMBNAIL_SIDE)
        case "display":
            _thumbnail(task["source"], task["target"], task["media_type"], DISPLAY_SIDE)
        case "card":
            _card(task["target"], task["title"], task["notice"], task["site"])
        case "web":
            _transcode(task["source"], task["target"], film=task["film"])
        case other:
            raise ValueError(other)


def _thumbnail(source: str, target: str, media_type: str, side: int) -> None:
    if media_type == "application/pdf":
        picture = _first_page(source)
    else:
        picture = _first_frame(source) if media_type.startswith("video/") else _opened(source, side)
    picture.thumbnail((side, side))
    picture.convert("RGB").save(target, "JPEG", quality=82, optimize=True)


def _opened(source: str, side: int) -> Image.Image:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    with Image.open(source) as image:
        image.draft("RGB", (side * 2, side * 2))
        upright = ImageOps.exif_transpose(image)
        if upright.mode in ("RGBA", "LA", "PA", "P"):
            shown = upright.convert("RGBA")
            ground = Image.new("RGBA", shown.size, (255, 255, 255, 255))
            return Image.alpha_composite(ground, shown)
        return upright.convert("RGB")


def _first_page(source: str) -> Image.Image:
    """Draws the first page of a PDF with PDFium, as large as a thumbnail and no larger."""
    import pypdfium2  # type: ignore[import-untyped]

    with pypdfium2.PdfDocument(source) as document:
        page = document[0]
        longest = max(page.get_size())
        if not longest > 0:
            raise ValueError("a page without an area")
        drawn: Image.Image = page.render(scale=THUMBNAIL_SIDE / longest).to_pil()
        return drawn


def _first_frame(source: str) -> Image.Image:
    import av

    with av.open(source) as film:
        stream = film.streams.video[0]
        if stream.width * stream.height > MOST_PIXELS:
            raise ValueError("too many pixels")
        frame = next(film.decode(stream))
        picture: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
        return picture


def _card(target: str, title: str, notice: str, site: str) -> None:
    """Draws title, notice and the site's name; words that the label font lacks are left to the page around the card."""
    from PIL import Image, ImageDraw

    card = Image.new("RGB", CARD, _PAPER)
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, CARD[0], 14), fill=_INK)
    at = 96
    for line in _lines(title, 64, 3):
        draw.text((80, at), line, font=_font(64), fill=_INK)
        at += 88
    if notice:
        lines = _lines(notice, 44, 3)
        if not lines:
            raise ValueError("the label font lacks a character of the notice")
        height = 60 * len(lines) + 48
        top = CARD[1] - 130 - height
        draw.rounded_rectangle((80, top, CARD[0] - 80, top + height), 18, fill=_INK)
        for number, line in enumerate(lines):
            draw.text((112, top + 22 + 60 * number), line, font=_font(44), fill=_PAPER)
    for line in _lines(site, 34, 1):
        draw.text((80, CARD[1] - 92), line, font=_font(34), fill=_QUIET)
    card.save(target, "PNG", optimize=True)


def _font(size: int) -> Any:
    from yinji.marks.face import font

    return font(size)


def _lines(text: str, size: int, most: int) -> list[str]:
    """Breaks words to the width of the card; none where the font cannot draw them."""
    from yinji.errors import UsageError
    from yinji.marks.face import check_words

    text = " ".join(text.split())
    try:
        check_words(text)
    except UsageError:
        return []
    width, lines, line = CARD[0] - 224, [], ""
    for character in text:
        if _font(size).getlength(line + character) > width:
            cut = line.rfind(" ") if character.isascii() and character != " " and " " in line else len(line)
            lines.append(line[:cut])
            line = line[cut:].lstrip()
        line += character
    lines.append(line)
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1][:-1] + "…"]
    return [line for line in lines if line]


def _transcode(source: str, target: str, *, film: bool) -> None:
    """Encodes anew for browsers: H.264 and AAC in MP4, at most 720 lines; sound alone as AAC in M4A."""
    import av

    with av.open(source) as old, av.open(target, "w", format="mp4", options={"movflags": "+faststart"}) as new:
        made: dict[int, Any] = {}
        if film and old.streams.video:
            stream = old.streams.video[0]
            made[stream.index] = _picture_track(stream, new)
        if old.streams.audio:
            sound = old.streams.audio[0]
            made[sound.index] = new.add_stream("aac", rate=min(sound.rate or 48000, 48000))
        frames = 0
        for packet in old.demux([old.streams[index] for index in made]):
            track = made[packet.stream.index]
            for frame in packet.decode():
                frames += 1
                if frames > MOST_FRAMES * 3:
                    raise ValueError("too long")
                if isinstance(frame, av.VideoFrame):
                    frame = frame.reformat(track.width, track.height, "yuv420p")
                new.mux(track.encode(frame))
        for track in made.values():
            new.mux(track.encode(None))


def _picture_track(stream: Any, new: Any) -> Any:
    if stream.width * stream.height > MOST_PIXELS or (stream.frames or 0) > MOST_FRAMES:
        raise ValueError("too large")
    track = new.add_stream("libx264", rate=stream.average_rate or 25, options={"crf": "26", "preset": "veryfast"})
    scale = min(1.0, VIDEO_HEIGHT / max(stream.height, 1))
    track.width, track.height = (max(2, round(side * scale / 2) * 2) for side in (stream.width, stream.height))
    track.pix_fmt = "yuv420p"
    track.time_base = stream.time_base
    return track
