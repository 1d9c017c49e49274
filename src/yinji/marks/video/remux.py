"""Writes rendered pictures with FFmpeg's muxers: Matroska, WebM, fragmented MP4 and others.

Every packet that was not rendered is copied with its times; attachments, chapters, tags and cover art go along.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from yinji.errors import UnsupportedFormat
from yinji.marks.video.avi import keep_sound_heads
from yinji.marks.video.clip import Beat, Clip, opened, picture_stream
from yinji.marks.video.encode import Spool
from yinji.marks.video.render import Rendered

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer, OutputContainer

MUXERS: Final = {
    "video/webm": "webm",
    "video/x-matroska": "matroska",
    "video/matroska": "matroska",
    "video/mp4": "mp4",
    "video/x-m4v": "mp4",
    "video/quicktime": "mov",
    "video/3gpp": "3gp",
    "video/3gpp2": "3g2",
    "video/x-msvideo": "avi",
    "video/x-flv": "flv",
    "video/mp2t": "mpegts",
}
_FRAGMENTED: Final = {"movflags": "frag_keyframe+empty_moov+default_base_moof+use_metadata_tags"}
_PICTURES: Final = {"mjpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "bmp": "image/bmp"}
_ATTACHED: Final = 0x400


def remux(clip: Clip, media_type: str, rendered: Rendered, spool: Spool, output: str, beat: Beat) -> None:
    """Writes the file.

    Raises:
        UnsupportedFormat: The muxer does not take one of the streams.
    """
    import av

    muxer = MUXERS.get(media_type)
    if muxer is None:
        raise UnsupportedFormat("no-mark", media_type=media_type)
    options = _FRAGMENTED if muxer in ("mp4", "mov", "3gp", "3g2") else {}
    if rendered.plan.cut is not None:
        spool.add(rendered.plan.cut, key=True)
    with opened(clip.path, raw_times=False) as source:
        try:
            with av.open(output, "w", format=muxer, options=options) as target:
                _mux(source, target, rendered, spool, beat)
            if muxer == "avi":
                keep_sound_heads(Path(clip.path), Path(output))
        except (ValueError, av.FFmpegError) as error:
            reason = str(getattr(error, "strerror", error))
            raise UnsupportedFormat("mark-video-variant", kind=muxer, variant=reason) from error


def _mux(source: InputContainer, target: OutputContainer, rendered: Rendered, spool: Spool, beat: Beat) -> None:
    target.metadata.update(source.metadata)
    target.set_chapters(source.chapters())
    picture = picture_stream(source)
    streams: dict[int, Any] = {}
    covers = _covers(source)
    for stream in source.streams:
        if stream.index in covers:
            continue
        fresh: Any = target.add_stream_from_template(stream, opaque=True)
        fresh.metadata.update(stream.metadata)
        if stream.type not in ("attachment", "data"):
            fresh.disposition = stream.disposition
        if stream is picture:
            fresh.codec_context.extradata = rendered.record or None
        streams[stream.index] = fresh
    for name, media_type, data in covers.values():
        target.add_attachment(name, media_type, data)
    heads = dict(zip(rendered.plan.slots, _heads(rendered, spool), strict=True))
    slot = -1
    for number, packet in enumerate(source.demux()):
        beat(number)
        if not packet.size or packet.stream_index not in streams:
            continue
        out = packet
        if packet.stream_index == picture.index:
            slot += 1
            out = _replaced(packet, heads.get(slot))
        out.stream = streams[packet.stream_index]
        target.mux(out)


def _covers(source: InputContainer) -> dict[int, tuple[str, str, bytes]]:
    """Pictures that the demuxer shows as streams, by stream: they go back to being attachments."""
    covers: dict[int, tuple[str, str, bytes]] = {}
    if "matroska" not in source.format.name:
        return covers
    wanted = {s.index: s for s in source.streams.video if int(s.disposition) & _ATTACHED}
    if wanted:
        for packet in source.demux(*wanted.values()):
            stream = wanted[packet.stream_index]
            if packet.size and stream.index not in covers:
                kind = stream.codec_context.codec.canonical_name
                name = stream.metadata.get("filename", "cover")
                media_type = stream.metadata.get("mimetype", _PICTURES.get(kind, "application/octet-stream"))
                covers[stream.index] = (name, media_type, bytes(packet))
            if len(covers) == len(wanted):
                break
        source.seek(0)
    return covers


class _Head(NamedTuple):
    """What goes into one slot."""

    data: bytes
    shown: int
    decoded: int
    key: bool


def _heads(rendered: Rendered, spool: Spool) -> Iterator[_Head]:
    plan = rendered.plan
    shown = [*plan.shown, *([plan.cut_at] if plan.cut is not None and plan.cut_at is not None else [])]
    for packed, time, decoded in zip(spool.packets, shown, _decoding_times(shown, plan.decoded), strict=True):
        yield _Head(spool.read(packed), time, decoded, packed.key)


def _decoding_times(shown: list[int], known: list[int | None]) -> list[int]:
    """The decoding times of the slots; those that the demuxer could not tell, just before the next."""
    times: list[int] = []
    following: int | None = None
    for time, decoded in zip(reversed(shown), reversed(known), strict=True):
        bound = time if following is None else min(time, following - (decoded is None))
        following = bound if decoded is None else min(decoded, bound)
        times.append(following)
    return times[::-1]


def _replaced(packet: Packet[Any], head: _Head | None) -> Packet[Any]:
    """The packet that goes into a slot: the rendered one, or the one that stands there."""
    import av

    if head is None:
        return packet
    fresh = av.Packet(head.data)
    fresh.pts, fresh.dts = head.shown, head.decoded
    fresh.duration = packet.duration
    fresh.time_base = packet.time_base
    fresh.is_keyframe = head.key
    return fresh
