"""What cannot be read is called the same by every verb: cannot tell, why, and what to do next; never "no label"."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

import samples
import writable
import yinji
from yinji.cli.app import group
from yinji.containers.base import Container
from yinji.containers.registry import by_name, containers
from yinji.errors import Refused, UnreadableInput, UnsupportedFormat, YinjiError
from yinji.limits import Limits
from yinji.operations.mark import mark

PRODUCER, PLATFORM = "001191110000MA0TE5T00Q10001", "001191110000MA0TE5T00Q20001"
LABEL = yinji.AigcLabel.first(PRODUCER, "20261122-7f3a9c")
PASSED_ON: Final = {"propagator": PLATFORM, "propagate_id": "post-42"}

DAMAGED: Final[dict[str, Callable[[bytes], bytes]]] = {
    "garbage": lambda _: b"\x13\x37garbage\0\1\2" * 40,
    "empty": lambda _: b"",
    "half": lambda data: data[: len(data) // 2],
    "head": lambda data: data[:16],
    "zeros": lambda _: bytes(500),
}
TEXTS: Final = {"html", "markdown", "srt", "vtt", "ass", "csv", "json", "text"}
"""Any bytes are a text."""


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labelled") / "good.png"
    yinji.label(samples.png("rgb"), LABEL, output=path, metadata_only=True)
    return path


def _verbs(data: bytes, name: str, labelled: Path, output: Path) -> dict[str, Callable[[], object]]:
    to = {"output": output, "overwrite": True, "filename": name}
    made = output.with_name(name)
    made.write_bytes(data)
    return {
        "label": lambda: yinji.label(data, LABEL, **to),
        "label --metadata-only": lambda: yinji.label(data, LABEL, metadata_only=True, **to),
        "mark": lambda: mark(data, BytesIO(), filename=name),
        "propagate": lambda: yinji.propagate(data, **PASSED_ON, **to),
        "propagate --label": lambda: yinji.propagate(data, **PASSED_ON, label="2", **to),
        "carry from": lambda: yinji.carry(data, labelled, **to),
        "carry to": lambda: yinji.carry(labelled, made),
    }


def _said(verb: Callable[[], object], kind: type[YinjiError]) -> str:
    with pytest.raises(kind) as refused:
        verb()
    return refused.value.code


@pytest.mark.parametrize("damage", DAMAGED)
def test_every_verb_says_what_read_says(damage: str, labelled: Path, tmp_path: Path) -> None:
    judged = 0
    for container in containers():
        if container.name in TEXTS:
            continue
        name, data = f"damaged.{container.extensions[0]}", next(iter(container.examples())).data
        reading = yinji.read(DAMAGED[damage](data), filename=name)
        if reading.state not in ("malformed", "unreadable"):
            continue  # the part that is there is a file of its own
        wanted = reading.problems[-1].code
        for verb, do in _verbs(DAMAGED[damage](data), name, labelled, tmp_path / "out").items():
            assert (name, verb, _said(do, UnreadableInput)) == (name, verb, wanted)
        assert not (tmp_path / "out").exists()
        assert yinji.check(DAMAGED[damage](data), filename=name).reading.problems[-1].code == wanted
        judged += 1
    assert judged > 30


@pytest.mark.parametrize("container", [by_name(name) for name in ("bmp", "mpegts", "srt")], ids=lambda c: c.name)
def test_formats_without_a_place_are_named_as_such(container: Container, labelled: Path, tmp_path: Path) -> None:
    data, name = next(iter(container.examples())).data, f"whole.{container.extensions[0]}"
    wanted = yinji.read(data, filename=name).problems[-1].code
    verbs = _verbs(data, name, labelled, tmp_path / "out")
    for verb in ("label --metadata-only", "propagate", "propagate --label", "carry to"):
        assert (verb, _said(verbs[verb], UnsupportedFormat)) == (verb, wanted)
    assert _said(verbs["carry from"], Refused) == "nothing-to-carry"  # a pipeline fed with such files goes on


@pytest.mark.parametrize("name", [name for name in writable.NAMES if name in ("heif", "mp4", "flv", "rf64", "asf")])
def test_broken_files_do_not_share_the_digest_of_nothing(name: str) -> None:
    for data in (b"", bytes(500)):
        with pytest.raises(UnreadableInput):
            yinji.media_digest(data, filename=f"broken.{by_name(name).extensions[0]}")


@pytest.mark.parametrize("command", ["read", "check", "conform", "label", "propagate", "carry"])
def test_the_command_line_ends_with_4_and_says_what_to_do(command: str, labelled: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    to = ["-o", str(tmp_path / "out.jpg")]
    arguments = {
        "label": [str(broken), *to, "--producer", PRODUCER, "--id", "1"],
        "propagate": [str(broken), *to, "--propagator", PLATFORM, "--id", "1"],
        "carry": [str(broken), str(labelled)],
    }.get(command, [str(broken)])
    result = CliRunner().invoke(group, ["--lang", "en", command, *arguments], standalone_mode=False)
    assert result.return_value == 4, result.output
    assert "convert" not in result.output
    if command != "check":
        assert "does not start as a JPEG does" in result.output
    if arguments != [str(broken)]:
        assert "damaged or has the wrong ending" in result.output


def test_what_can_be_read_can_be_written(tmp_path: Path) -> None:
    """The bounds are those of one walk: a plan that goes over the same bytes does not pay for the reading."""
    picture = samples.jpeg("baseline").read_bytes() + bytes(200_000)
    limits = Limits(total_bytes=300_000)
    assert yinji.read(picture, thorough=True, limits=limits).state == "unlabelled"
    yinji.label(picture, LABEL, output=tmp_path / "out.jpg", metadata_only=True, filename="a.jpg", limits=limits)
