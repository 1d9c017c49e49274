"""Renders the label into the first pictures of a clip: look, choose, draw, encode, measure what was encoded."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from yinji.errors import UnsupportedFormat
from yinji.marks.colour import AA
from yinji.marks.video.canvas import same_size
from yinji.marks.video.clip import Beat, Clip, Wish, opened, picture_stream
from yinji.marks.video.codecs import Codec
from yinji.marks.video.encode import Encoder, NoEncoder, Spool
from yinji.marks.video.nal import BadUnit
from yinji.marks.video.paint import Painter, measure
from yinji.marks.video.plan import Plan
from yinji.marks.video.survey import survey
from yinji.marks.video.times import spans_of

if TYPE_CHECKING:
    from av import VideoFrame

_IN_BAND: Final = frozenset(("avc3", "avc4", "hev1", "dvhe", "dvav"))


class NoKeyframe(Exception):
    """The encoder did not begin a part with a keyframe, so that nothing between parts can be copied."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What was rendered.

    Attributes:
        plan: What it replaces.
        record: The new decoder configuration.
        encoder: Name of the encoder.
        painter: What drew.
        ink_height: Smallest of the heights measured.
        contrast: Smallest of the contrasts measured.
        labels: Second at which each label comes, and for how many seconds it stays.
        ticks: Seconds of one tick of the stream.
        codec: The codec.
        standing: Pictures that bore the label before.
    """

    plan: Plan
    record: bytes
    encoder: str
    painter: Painter
    ink_height: int
    contrast: float
    labels: list[tuple[float, float]]
    ticks: Fraction
    codec: Codec
    standing: int = 0


def render(clip: Clip, wish: Wish, whole: Plan, spool: Spool, beat: Beat) -> Rendered | None:
    """Encodes the pictures of a plan anew, with the label on those that show it; those that bear it already keep it.

    Returns:
        What was rendered; None where all of them bear it already.

    Raises:
        UnsupportedFormat: No encoder for them here.
        Malformed: They do not decode.
        UsageError: As :func:`yinji.marks.layout.plan`, or other labels of ours stand everywhere.
    """
    seen = survey(clip, wish, whole, beat)
    if seen.standing.issuperset(whole.labelled):
        return None
    work, painter = whole.sparing(seen.standing), seen.painter
    labelled = frozenset(work.labelled) - seen.standing
    try:
        while True:
            encoder = _encoded(clip, work, painter, spool, labelled, beat)
            height, contrast = _measured(clip, encoder, spool, painter, work, seen.looks)
            if contrast >= AA or not painter.strengthen():
                break
            spool.clear()
    except NoEncoder as error:
        raise UnsupportedFormat("video-no-encoder", codec=clip.codec.shown, format=str(error)) from error
    except BadUnit as error:
        raise UnsupportedFormat("mark-video-variant", kind=clip.codec.shown, variant="parameter sets") from error
    return Rendered(
        plan=work,
        record=encoder.record,
        encoder=encoder.name,
        painter=painter,
        ink_height=height,
        contrast=contrast,
        labels=labels_of(whole, clip),
        ticks=clip.ticks,
        codec=clip.codec,
        standing=len(seen.standing),
    )


def labels_of(work: Plan, clip: Clip) -> list[tuple[float, float]]:
    """When each label is on screen: from its first picture to the first without it."""
    labels = []
    for part in work.parts:
        has = spans_of(part.shown, work.spans)
        following = work.following(part, round(1 / clip.rate / clip.ticks))
        for is_labelled, group in groupby(zip(part.shown, has, following, strict=True), key=lambda item: item[1]):
            if is_labelled:
                pictures = [*group]
                begin, end = max(pictures[0][0], work.start), pictures[-1][2]
                labels.append((float((begin - work.start) * clip.ticks), float((end - begin) * clip.ticks)))
    return labels


def _encoded(clip: Clip, work: Plan, painter: Painter, spool: Spool, labelled: frozenset[int], beat: Beat) -> Encoder:
    with opened(clip.path, raw_times=clip.raw_times) as container:
        source = picture_stream(container).codec_context
        painted: VideoFrame | None = None
        encoder = Encoder(clip.codec, source, clip.rate, in_band=clip.tag in _IN_BAND, work=work)
        for number, (frame, time) in enumerate(clip.frames(work)):
            beat(number)
            same_size(painter.place.canvas, frame)
            if time in labelled and frame is not painted:
                frame.make_writable()
                painter.draw(frame)
                painted = frame
            for data, key in encoder.encode(frame, time):
                spool.add(data, key=key)
        for data, key in encoder.finish():
            spool.add(data, key=key)
    if len(spool.packets) != len(work.shown):
        raise BadUnit
    if not all(spool.packets[number].key for number in work.begins):
        raise NoKeyframe
    return encoder


def _measured(
    clip: Clip, encoder: Encoder, spool: Spool, painter: Painter, work: Plan, looks: frozenset[int]
) -> tuple[int, float]:
    """Decodes what was encoded and measures the label: the smallest height and the smallest contrast found."""
    import av

    decoder: Any = av.CodecContext.create(clip.decoder, "r")
    decoder.extradata = encoder.record or None
    wanted = {i for i, t in enumerate(work.shown) if t in looks}
    found: list[tuple[int, float]] = []

    def take(frames: list[VideoFrame]) -> None:
        found.extend(measure(f, painter.place, painter.tone) for f in frames if f.pts in wanted)

    for number, packed in enumerate(spool.packets[: max(wanted) + 1]):
        packet = av.Packet(spool.read(packed))
        packet.pts = packet.dts = number
        take(decoder.decode(packet))
    take(decoder.decode(None))
    if len(found) != len(wanted):
        raise BadUnit
    return min(h for h, _ in found), min(c for _, c in found)
