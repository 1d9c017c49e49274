"""Signatures made before a label stay intact; certification against any change is respected (table 254)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import pdf_files
from oracles import pdfinfo
from yinji.containers.pdf.container import Pdf
from yinji.containers.reading import read_as
from yinji.containers.source import Source
from yinji.errors import WouldBreakCredentials
from yinji.testing import LABEL, PROPAGATED, Sample, labelled, reading_of

PDF = Pdf()


@pytest.fixture(scope="module")
def signer(sample_dir: Path) -> Any:
    return pdf_files.signer()


def written(data: bytes, label: Any = LABEL) -> bytes:
    return labelled(PDF, Sample("page.pdf", data), label).data


@pytest.mark.parametrize("streams", ["disable", "generate"])
@pytest.mark.parametrize("permission", [0, 2, 3])
def test_signatures_stay_intact(streams: str, permission: int, signer: Any, tmp_path: Path) -> None:
    old = pdf_files.signed(pdf_files.pikepdf(streams=streams), signer, permission=permission)
    before = pdf_files.statuses(old, signer)
    assert [status.bottom_line for status in before] == [True]
    new = written(old)
    twice = written(new, PROPAGATED)
    assert new.startswith(old)
    for data in (new, twice):
        (status,) = pdf_files.statuses(data, signer)
        assert status.intact
        assert status.valid
        assert status.bottom_line
        assert status.coverage.name == "ENTIRE_REVISION"
    path = tmp_path / "signed.pdf"
    path.write_bytes(twice)
    assert json.loads(pdfinfo(path)["AIGC"]) == dict(PROPAGATED.items())


def test_a_signature_over_the_label_is_never_written_into(signer: Any) -> None:
    once = written(pdf_files.pikepdf())
    old = pdf_files.signed(once, signer)
    new = written(old, PROPAGATED)
    assert new.startswith(old)
    assert len(new) > len(old)
    (status,) = pdf_files.statuses(new, signer)
    assert status.intact
    assert status.bottom_line


def test_two_signatures_with_a_label_between(signer: Any) -> None:
    first = pdf_files.signed(pdf_files.pikepdf(), signer)
    second = pdf_files.signed(written(first), signer, name="Signature2")
    final = written(second, PROPAGATED)
    assert [status.intact and status.valid for status in pdf_files.statuses(final, signer)] == [True, True]
    assert [found.label for found in reading_of(PDF, Sample("page.pdf", final)).found] == [PROPAGATED]


def test_certified_against_any_change(signer: Any) -> None:
    data = pdf_files.signed(pdf_files.pikepdf(), signer, permission=1)
    with Source.open(data, name="certified.pdf") as source:
        reading = read_as(PDF, source, thorough=True)
        with pytest.raises(WouldBreakCredentials) as refusal:
            PDF.write(source, LABEL, reading, in_place=True)
    assert refusal.value.code == "pdf-certified"
    assert "certified" in refusal.value.text.en
    assert "认证" in refusal.value.advice.zh


def test_signatures_are_noticed(signer: Any) -> None:
    data = pdf_files.signed(pdf_files.pikepdf(), signer, permission=2)
    seen = {
        b.key: (b.value, b.problems[0].code)
        for b in reading_of(PDF, Sample("a.pdf", data)).blocks
        if b.carrier == "pdf-signature"
    }
    assert seen == {"SigFlags": ("3", "pdf-signed"), "DocMDP": ("2", "pdf-certified")}
