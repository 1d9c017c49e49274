"""Labels in a file of their own, where the format has no place: written when asked for, held to what they name."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

import samples
import writable
import yinji
from yinji.cli.app import group
from yinji.containers.registry import by_name, containers
from yinji.errors import OutputExists, Refused, UnsupportedFormat, UsageError
from yinji.labels.aigc import AigcLabel
from yinji.operations import sidecar
from yinji.regimes.base import Outcome, Tier

LABEL = AigcLabel.first("001191110000MA0TE5T00Q10001", "20261122-7f3a9c")
OTHER = AigcLabel.first("001191110000MA0TE5T00Q20001", "theirs")
PROPAGATOR = "001191110000MA0TE5T00Q20001"
WITHOUT = [container for container in containers() if not container.writable]


def labelled_beside(folder: Path, name: str = "notes.txt") -> Path:
    path = folder / name
    path.write_text("Water first.\n")
    yinji.label(path, LABEL, metadata_only=True, sidecar=True, in_place=True, durable=False)
    return path


@pytest.mark.parametrize("container", WITHOUT, ids=[container.name for container in WITHOUT])
def test_every_format_without_a_place(container: writable.Container, tmp_path: Path) -> None:
    path = writable.place(container, tmp_path, "old")
    before, out = path.read_bytes(), tmp_path / f"new{path.suffix}"
    with pytest.raises(UnsupportedFormat):
        yinji.label(path, LABEL, metadata_only=True, output=out)
    result = yinji.label(path, LABEL, metadata_only=True, sidecar=True, output=out, durable=False)
    assert (result.label, [step.name for step in result.steps]) == (LABEL, ["metadata", "sidecar"])
    assert out.read_bytes() == before
    there = sidecar.of_path(str(out))
    assert there is not None
    assert (there.label, there.belongs, there.path) == (LABEL, True, sidecar.place(out))


def test_other_readers_see_it(tmp_path: Path) -> None:
    path = sidecar.place(labelled_beside(tmp_path))
    shown = json.loads(subprocess.run(["exiftool", "-j", path], capture_output=True, check=True).stdout)[0]
    assert json.loads(shown["Aigc"]) == dict(LABEL.items())
    assert shown["Identifier"] == f"sha256:{yinji.media_digest(tmp_path / 'notes.txt')}"


def test_it_does_not_speak_of_what_takes_the_name(tmp_path: Path) -> None:
    path = labelled_beside(tmp_path)
    for name in (str(path), str(sidecar.place(path))):
        run = CliRunner().invoke(group, ["--lang", "en", "read", name], standalone_mode=False)
        assert (run.return_value, LABEL.produce_id in run.output) == (0, True)
    path.write_text("Something else.\n")
    there = sidecar.of_path(str(path))
    assert there is not None
    assert (there.label, there.belongs) == (LABEL, False)
    run = CliRunner().invoke(group, ["--lang", "en", "read", str(path)], standalone_mode=False)
    assert (run.return_value, "speaks of other content" in run.output) == (3, True)
    with pytest.raises(Refused) as refused:
        yinji.carry(path, writable.place(by_name("png"), tmp_path))
    assert refused.value.code == "nothing-to-carry"
    sidecar.place(path).write_bytes(b"<x:xmpmeta")
    assert sidecar.of_path(str(path)) == sidecar.Beside(sidecar.place(path), None, False)


def test_beside_words_that_people_see(tmp_path: Path) -> None:
    path, out = tmp_path / "notes.txt", tmp_path / "out.txt"
    path.write_text("Water first.\n")
    yinji.label(path, LABEL, sidecar=True, output=out, durable=False)
    there = sidecar.of_path(str(out))
    assert there is not None
    assert there.belongs
    assert "人工智能" in out.read_text("utf-8")


def test_passed_on_and_carried_into_a_format_with_a_place(tmp_path: Path) -> None:
    path, served = labelled_beside(tmp_path, "rows.csv"), tmp_path / "served.csv"
    yinji.propagate(path, propagator=PROPAGATOR, propagate_id="post-42", output=served, durable=False)
    there = sidecar.of_path(str(served))
    assert there is not None
    assert there.label == LABEL.propagated(PROPAGATOR, "post-42")
    page = writable.place(by_name("docx"), tmp_path)
    result = yinji.carry(served, page)
    assert (yinji.read(page).label, result.steps[0].name) == (there.label, "from-sidecar")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path, out = labelled_beside(tmp_path), tmp_path / "out.txt"
    with pytest.raises(Refused) as refused:
        yinji.label(path, OTHER, metadata_only=True, sidecar=True, in_place=True)
    assert refused.value.code == "already-labelled"
    sidecar.place(out).write_text("mine")
    with pytest.raises(OutputExists):
        yinji.label(path, LABEL, metadata_only=True, sidecar=True, output=out)
    assert (out.exists(), sidecar.place(out).read_text()) == (False, "mine")
    with pytest.raises(UsageError) as nowhere:
        yinji.label(b"words\n", LABEL, metadata_only=True, sidecar=True, in_place=True, filename="a.txt")
    assert nowhere.value.code == "sidecar-needs-path"


def test_a_format_with_a_place_keeps_its_label_inside(tmp_path: Path) -> None:
    """One label for a file, not two."""
    out = tmp_path / "out.png"
    yinji.label(samples.png("rgb"), LABEL, metadata_only=True, sidecar=True, output=out, durable=False)
    assert yinji.read(out).label == LABEL
    assert not sidecar.place(out).exists()


def test_check_and_conform_count_it_as_read_does(tmp_path: Path) -> None:
    path = labelled_beside(tmp_path)
    for name in (path, sidecar.place(path)):
        report = yinji.check(name)
        assert (report.verdict.tier, report.to_dict()["sidecar"]["belongs"]) == (Tier.CONFIRMED, True)
    assert yinji.check(path.read_bytes(), filename="notes.txt").sidecar is None
    held = yinji.conform(path, perceptible=False)
    assert (held.conforms, held.sidecar is not None, held.to_dict()["sidecar"]["label"]) == (
        True,
        True,
        dict(LABEL.items()),
    )
    assert {finding.rule for finding in held.findings if finding.outcome is Outcome.PASS} >= {"R26", "R27", "R34"}
    for command in ("check", "conform"):
        run = CliRunner().invoke(group, ["--lang", "en", command, str(path)], standalone_mode=False)
        assert (command, run.return_value, LABEL.produce_id in run.output) == (command, 0, True)
    path.write_text("Something else.\n")
    assert (yinji.check(path).verdict.tier, yinji.conform(path).conforms) == (Tier.NONE, False)
    for command in ("check", "conform"):
        run = CliRunner().invoke(group, ["--lang", "en", command, str(path)], standalone_mode=False)
        assert (run.return_value, "speaks of other content" in run.output) == (3, True)


def test_carried_into_a_sidecar_when_asked(tmp_path: Path) -> None:
    picture, made = tmp_path / "in.png", writable.place(by_name("bmp"), tmp_path)
    yinji.label(samples.png("rgb"), LABEL, metadata_only=True, output=picture)
    before = made.read_bytes()
    run = CliRunner().invoke(group, ["--lang", "en", "carry", str(picture), str(made)], standalone_mode=False)
    assert (run.return_value, sidecar.place(made).exists(), "--sidecar" in run.output) == (3, False, True)
    for already in (False, True):
        result = yinji.carry(picture, made, sidecar=True, durable=False)
        assert (result.label, "already" in result.steps[-1].detail) == (LABEL, already)
    there = sidecar.of_path(str(made))
    assert there is not None
    assert (there.label, there.belongs, made.read_bytes()) == (LABEL, True, before)
    table, out = writable.place(by_name("csv"), tmp_path), tmp_path / "out.csv"
    yinji.carry(made, table, output=out, sidecar=True, durable=False)
    again = sidecar.of_path(str(out))
    assert again is not None
    assert again.label == LABEL
    other = tmp_path / "other.png"
    yinji.label(samples.png("rgb"), OTHER, metadata_only=True, output=other)
    with pytest.raises(Refused) as refused:
        yinji.carry(other, made, sidecar=True)
    assert refused.value.code == "other-label-present"
    with pytest.raises(OutputExists):
        yinji.carry(picture, made, output=out, sidecar=True)
    film = writable.place(by_name("mp4"), tmp_path)
    yinji.carry(picture, film, sidecar=True, durable=False)
    assert (yinji.read(film).label, sidecar.place(film).exists()) == (LABEL, False)
