"""Matroska and WebM files as ffmpeg and mkvmerge make them, built once a session."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import oracles
import samples

VIDEO = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=4")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=4")
MPEG4 = ("-c:v", "mpeg4", "-g", "5", "-c:a", "libopus")
VP8 = ("-c:v", "libvpx", "-g", "5", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus")
SHORT = ("-cluster_time_limit", "500")
"""Eight Clusters, so that there is something to seek in."""

FFMPEG = {
    "plain.mkv": (*MPEG4, *SHORT),
    "tagged.mkv": (*MPEG4, *SHORT, "-metadata", "title=一部影片", "-metadata", "comment=seen", "-metadata", "FOO=bar"),
    "cues-first.mkv": (*MPEG4, *SHORT, "-cues_to_front", "1"),
    "index-space.mkv": (*MPEG4, *SHORT, "-reserve_index_space", "4000"),
    "live.mkv": (*MPEG4, *SHORT, "-live", "1"),
    "sound.mka": ("-map", "1", "-c:a", "flac"),
    "plain.webm": (*VP8, *SHORT),
    "dash.webm": ("-map", "0", *VP8[:-2], "-an", "-dash", "1"),
    "live.webm": (*VP8, *SHORT, "-live", "1"),
}
PIPED = {"piped.mkv": (*MPEG4, *SHORT, "-f", "matroska"), "piped.webm": (*VP8, *SHORT, "-f", "webm")}
MERGED = {
    "merged.mkv": ("--cluster-length", "500ms"),
    "merged-tags.mkv": ("--cluster-length", "500ms", "--title", "一部影片", "--attach-file", "{note}"),
    "merged-no-cues.mkv": ("--cluster-length", "500ms", "--no-cues", "--disable-track-statistics-tags"),
    "merged.webm": ("--webm", "--cluster-length", "500ms"),
}
NAMES = (*FFMPEG, *PIPED, *MERGED)


@cache
def path(name: str) -> Path:
    """Returns where one of :data:`NAMES` lies."""
    to = samples.directory() / f"matroska-{name}"
    if name in MERGED:
        note = samples.directory() / "note.txt"
        note.write_text('AIGC{"Label":"1"} is what an attachment may say\n', "utf-8")
        source = path("plain.webm" if name.endswith("webm") else "plain.mkv")
        options = [option.format(note=note) for option in MERGED[name]]
        oracles.run("mkvmerge", "-q", "--deterministic", "7", "-o", to, *options, source)
        return to
    command = ("ffmpeg", "-v", "error", "-y", *VIDEO, *SOUND, *(FFMPEG | PIPED)[name], "-fflags", "+bitexact")
    if name in PIPED:
        to.write_bytes(oracles.run(*command, "-"))
    else:
        oracles.run(*command, to)
    return to


def data(name: str) -> bytes:
    return path(name).read_bytes()


def real() -> list[tuple[str, bytes]]:
    """Names and bytes of all of them."""
    return [(name, data(name)) for name in NAMES]
