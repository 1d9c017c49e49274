"""ffmpeg and PyAV: what they write carries the label of what they read, in every format with a place for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import documents
import oracles
import samples
import yinji
from yinji.containers.model import State
from yinji.errors import Malformed, MissingExtra, OutputExists, UsageError
from yinji.pipelines import ffmpeg, pillow, pyav

LABEL = yinji.AigcLabel.first("001191110000MA0TE5T00Q10001", "20261122-7f3a9c")
QUIET = ("-v", "error", "-y")


@pytest.fixture
def upload(sample_dir: Path, tmp_path: Path) -> Path:
    path = tmp_path / "upload.mp4"
    yinji.label(samples.video("mp4"), LABEL, output=path, metadata_only=True)
    return path


def labels(path: Path) -> list[object]:
    return [found.label for found in yinji.read(path, thorough=True).found]


@pytest.mark.parametrize(
    ("line", "inputs", "outputs"),
    [
        ("-i a.mp4 b.webm", ["a.mp4"], ["b.webm"]),
        ("-y -hide_banner -v error -i a.mp4 -vn -c:a copy b.m4a", ["a.mp4"], ["b.m4a"]),
        ("-f lavfi -i null -i a.mp4 -map 0:v -shortest b.mp4 -an -y c.mp3", ["null", "a.mp4"], ["b.mp4", "c.mp3"]),
        ("-nostats -noautorotate -autorotate:v -i a.mp4 -", ["a.mp4"], ["-"]),
        ("-ss 00:01 -t -1 -i -weird.mp4 -filter_complex [0:v]scale=2:2[o] -map [o] pipe:1", ["-weird.mp4"], ["pipe:1"]),
        ("-version", [], []),
        ("-i", [""], []),
    ],
)  # fmt: skip
def test_command_lines(line: str, inputs: list[str], outputs: list[str]) -> None:
    assert ffmpeg.parse(line.split()) == ffmpeg.CommandLine(tuple(inputs), tuple(outputs))


def test_ffmpeg_alone_loses_the_label_and_the_wrapper_keeps_it(upload: Path, tmp_path: Path) -> None:
    lost, kept = tmp_path / "lost.mp4", tmp_path / "kept.mp4"
    arguments = [*QUIET, "-i", upload, "-c", "copy"]
    oracles.run("ffmpeg", *map(str, arguments), lost)
    assert yinji.read(lost).state is State.UNLABELLED
    result = ffmpeg.run(["ffmpeg", *arguments, kept], timeout=60)
    assert (result.returncode, result.source, result.exit_code) == (0, str(upload), 0)
    assert labels(kept) == [LABEL]
    assert oracles.stream_hash(kept) == oracles.stream_hash(lost)


def test_every_output_is_told_apart(upload: Path, tmp_path: Path) -> None:
    names = ("small.mov", "sound.mp3", "still.jpg", "raw.yuv")
    mov, mp3, jpg, raw = (str(tmp_path / name) for name in names)
    command = ["ffmpeg", *QUIET, "-f", "lavfi", "-i", "color=c=red:s=16x16:d=1", "-i", upload]
    command += ["-map", "1:v", "-c", "copy", mov, "-map", "1:a", mp3]
    command += ["-map", "1:v", "-frames:v", "1", jpg, "-map", "1:v", "-frames:v", "1", raw]
    result = ffmpeg.run(command)
    assert [(Path(o.path).name, o.error.code if o.error else "") for o in result.outputs] == [
        ("small.mov", ""), ("sound.mp3", ""), ("still.jpg", ""), ("raw.yuv", "unsupported-format"),
    ]  # fmt: skip
    assert result.exit_code == ffmpeg.PARTIAL
    assert [labels(Path(path)) for path in (mov, mp3, jpg)] == [[LABEL]] * 3


def test_numbered_pictures_and_pipes(upload: Path, tmp_path: Path) -> None:
    old = tmp_path / "frame-099.jpg"
    old.write_bytes(samples.jpeg("baseline").read_bytes())
    os.utime(old, (1, 1))
    pattern = str(tmp_path / "frame-%03d.jpg")
    result = ffmpeg.run(["ffmpeg", *QUIET, "-i", upload, "-frames:v", "3", pattern])
    assert [Path(o.path).name for o in result.outputs] == [f"frame-00{n}.jpg" for n in (1, 2, 3)]
    assert all(labels(Path(o.path)) == [LABEL] for o in result.outputs)
    assert labels(old) == []
    done = subprocess.run([sys.executable, "-c", PIPED, str(upload)], capture_output=True, check=True, timeout=60)
    assert done.stderr.decode().strip().endswith("pipeline-not-a-file")
    assert len(done.stdout) > 1000


PIPED = (
    "import sys; from yinji.pipelines import ffmpeg; "
    "r = ffmpeg.run(['ffmpeg', '-v', 'error', '-i', sys.argv[1], '-f', 'matroska', 'pipe:1']); "
    "print(r.outputs[0].error.code, file=sys.stderr)"
)


def test_inputs_without_a_label_and_failures(sample_dir: Path, upload: Path, tmp_path: Path) -> None:
    plain, out = samples.video("mp4"), tmp_path / "out.mp4"
    assert ffmpeg.run(["ffmpeg", *QUIET, "-i", plain, "-c", "copy", out]).outputs == ()
    both = ffmpeg.run(["ffmpeg", *QUIET, "-i", plain, "-i", upload, "-map", "0:v", "-c", "copy", out])
    assert both.source == str(upload)
    assert labels(out) == [LABEL]
    failed = ffmpeg.run(["ffmpeg", "-v", "quiet", "-y", "-i", upload, "-c:v", "no-such-codec", tmp_path / "x.mp4"])
    assert failed.returncode != 0
    assert (failed.outputs, failed.exit_code) == ((), failed.returncode)
    with pytest.raises(MissingExtra) as missing:
        ffmpeg.run(["no-such-ffmpeg", "-i", upload, out])
    assert missing.value.code == "pipeline-no-program"
    with pytest.raises(UsageError):
        ffmpeg.run([])


def test_limits_hold(upload: Path, tmp_path: Path) -> None:
    endless = ["ffmpeg", *QUIET, "-re", "-f", "lavfi", "-i", "testsrc", "-i", upload, tmp_path / "endless.mp4"]
    with pytest.raises(UsageError) as refused:
        ffmpeg.run(endless, timeout=1)
    assert refused.value.code == "pipeline-timeout"
    poor = ["ffmpeg", "-v", "quiet", "-y", "-i", upload, tmp_path / "poor.mp4"]
    assert ffmpeg.run(poor, max_memory=48 << 20).returncode != 0


def test_an_input_that_cannot_be_told_is_not_converted(upload: Path, tmp_path: Path) -> None:
    damaged, out = tmp_path / "damaged.mp4", tmp_path / "out.mp4"
    damaged.write_bytes(upload.read_bytes()[:-40])
    with pytest.raises(Malformed) as refused:
        ffmpeg.run(["ffmpeg", *QUIET, "-i", damaged, out])
    assert refused.value.code == "pipeline-input-unreadable"
    assert not out.exists()


def test_as_a_command(upload: Path, tmp_path: Path) -> None:
    out, raw = tmp_path / "out.mp4", tmp_path / "out.yuv"
    command = [sys.executable, "-m", "yinji.pipelines.ffmpeg", *QUIET, "-i", upload]
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    done = subprocess.run([*command, "-c", "copy", out], capture_output=True, timeout=60, env=environment)
    assert (done.returncode, done.stdout) == (0, b"")
    assert f"the label was carried to {out}" in done.stderr.decode()
    assert labels(out) == [LABEL]
    done = subprocess.run([*command, raw], capture_output=True, timeout=60, env=environment | {"LC_ALL": "zh_CN.UTF-8"})
    assert done.returncode == 3
    assert "标识没有带到" in done.stderr.decode()


def test_pyav_remux_and_transcode(upload: Path, tmp_path: Path) -> None:
    remuxed, made = tmp_path / "remuxed.mov", tmp_path / "made.mp4"
    pyav.remux(upload, remuxed)
    assert labels(remuxed) == [LABEL]
    assert oracles.stream_hash(remuxed)
    with pytest.raises(OutputExists):
        pyav.remux(upload, remuxed)
    with pyav.opened(upload, made) as (source, output):
        stream = output.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 80, 60, "yuv420p"
        for frame in source.decode(video=0):
            output.mux(stream.encode(frame.reformat(80, 60, "yuv420p")))
        output.mux(stream.encode(None))
    assert labels(made) == [LABEL]
    pyav.remux(samples.video("mp4"), tmp_path / "plain.mp4")
    assert labels(tmp_path / "plain.mp4") == []
    with pytest.raises(RuntimeError, match="broke off"), pyav.opened(upload, tmp_path / "never.mp4"):
        raise RuntimeError("broke off")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["made.mp4", "plain.mp4", "remuxed.mov", "upload.mp4"]


def test_a_chain_of_real_tools(upload: Path, tmp_path: Path) -> None:
    """MP4 to WebM, a GIF poster, a JPEG thumbnail, a PNG: the label in each, once, and the same."""
    from PIL import Image

    webm, gif, jpg, png = (tmp_path / name for name in ("served.webm", "poster.gif", "thumb.jpg", "thumb.png"))
    result = ffmpeg.run(["ffmpeg", *QUIET, "-i", upload, "-c:v", "libvpx", "-deadline", "realtime", webm])
    assert [output.error for output in result.outputs] == [None]
    result = ffmpeg.run(["ffmpeg", *QUIET, "-i", webm, "-vf", "fps=5", gif])
    assert [output.error for output in result.outputs] == [None]
    with Image.open(gif) as poster:
        pillow.save(poster.convert("RGB").resize((80, 60)), jpg, source=gif)
    result = ffmpeg.run(["ffmpeg", *QUIET, "-i", jpg, png])
    assert [output.error for output in result.outputs] == [None]
    for path in (webm, gif, jpg, png):
        assert labels(path) == [LABEL], path.name
    for path in (gif, jpg, png):
        assert oracles.exiftool_label(path) == dict(LABEL.items())
    assert oracles.ffprobe_label(webm) == dict(LABEL.items())


CHAINS = {
    "sound": ("wav", "mp3", "flac", "opus", "m4a", "aiff", "wma"),
    "film": ("mp4", "mkv", "flv", "avi", "mov", "asf"),
    "picture": ("png", "webp", "tiff", "avif", "jpg"),
}
"""Formats that ffmpeg turns one into the next; each is made from the one in front of it."""


@pytest.mark.parametrize("kind", CHAINS)
def test_from_each_format_into_the_next(kind: str, sample_dir: Path, tmp_path: Path) -> None:
    """The label of the first is in every one behind it, once, whatever the muxers of ffmpeg keep of themselves."""
    first, *rest = CHAINS[kind]
    make = {"sound": samples.audio, "film": samples.video, "picture": lambda _: samples.png("rgb")}[kind]
    path = tmp_path / f"upload.{first}"
    yinji.label(make(first), LABEL, output=path, metadata_only=True, durable=False)
    for ending in rest:
        made = tmp_path / f"made.{ending}"
        codec = ("-c:v", "mpeg4", "-an") if kind == "film" and ending != "flv" else ()
        result = ffmpeg.run(["ffmpeg", *QUIET, "-i", path, *codec, made])
        assert (result.returncode, [output.error for output in result.outputs]) == (0, [None]), ending
        assert labels(made) == [LABEL], ending
        path = made


def test_from_a_document_into_what_is_printed_of_it(tmp_path: Path) -> None:
    """LibreOffice leaves the label behind in PDF; what is carried is there, once."""
    path = tmp_path / "page.docx"
    yinji.label(documents.office("docx"), LABEL, output=path, metadata_only=True, filename="page.docx", durable=False)
    made = documents.converted([path], "pdf", tmp_path)["page"]
    yinji.carry(path, made, durable=False)
    assert labels(made) == [LABEL]
    shown = subprocess.run(["pdfinfo", "-custom", made], capture_output=True, check=True).stdout
    assert shown.count(b"AIGC") == 1
