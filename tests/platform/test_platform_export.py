"""The full export and the evidence pack: whole, resumable, without secrets, and checkable by others."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections import Counter

import pytest

import samples
import yinji
from yinji.errors import Refused, UsageError
from yinji.labels.declaration import Declaration, Declared
from yinji.platform import export, schema
from yinji.platform.audit.notes import Checkpoint, Verifier
from yinji.platform.cursors import encode
from yinji.platform.model import Account, Role
from yinji.platform.service import Platform

PASSWORD = "正确 horse battery"


@pytest.fixture
def auditor(platform: Platform) -> Account:
    return platform.create_account("auditor", PASSWORD, Role.AUDITOR)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_BATCH", 3)


def fill(platform: Platform, author: Account) -> None:
    file = io.BytesIO()
    samples.picture(size=(64, 48)).save(file, "PNG")
    with platform.upload(author) as upload:
        upload.write(file.getvalue())
        draft = upload.finish("远山.png")
    declared = Declaration(Declared.AI_GENERATED)
    platform.publish(author, title="远山", text="<b>字</b>", declaration=declared, draft_id=draft.id)
    for number in range(4):
        platform.publish(author, title="", text=f"第{number}篇", declaration=Declaration(Declared.NOT_AI))


def test_every_table_is_exported_or_says_why_not() -> None:
    exported = {section.table.name for section in export.SECTIONS}
    assert exported | set(export.STAYS) == set(schema.METADATA.tables)
    assert not exported & set(export.STAYS)
    names = [column for section in export.SECTIONS for column in set(section.table.columns.keys()) - section.without]
    assert not [name for name in names if "password" in name or "secret" in name or "token" in name]


def test_an_export_is_whole_and_ends(platform: Platform, author: Account, auditor: Account) -> None:
    fill(platform, author)
    text = "".join(platform.export.lines(auditor))
    lines = [json.loads(line) for line in text.splitlines()]
    counted = Counter(line["type"] for line in lines)
    assert (lines[0]["type"], lines[1]["type"], lines[-1]["type"]) == ("export", "statistics", "end")
    assert (counted["item"], counted["account"], counted["decision"]) == (5, 2, 5)
    assert counted["audit_entry"] == platform.audit_verify()[0]
    assert lines[1]["data"]
    assert "argon2" not in text
    item = next(line["data"] for line in lines if line["type"] == "item" and line["data"]["title"])
    assert (item["title"], item["declaration"]) == ("远山", "ai_generated")


def test_an_export_goes_on_where_it_broke_off(platform: Platform, author: Account, auditor: Account) -> None:
    fill(platform, author)

    def records(lines: list[dict[str, object]]) -> list[str]:
        return [json.dumps(line) for line in lines if "data" in line and line["type"] != "statistics"]

    whole = [json.loads(line) for line in platform.export.lines(auditor)]
    cursors = [number for number, line in enumerate(whole) if line["type"] == "cursor"]
    assert len(cursors) > 8
    for at in cursors:
        rest = [json.loads(line) for line in platform.export.lines(auditor, whole[at]["cursor"])]
        assert records(whole[:at]) + records(rest) == records(whole)


@pytest.mark.parametrize(
    "position",
    [[0, ["\x00"]], [0, ["字"]], [0, []], [-1, ["x"]], [99, ["x"]], [4, ["x", 2**70]], [4, ["x", "y"]], "x", 1],
)
def test_foreign_cursors_are_refused(platform: Platform, auditor: Account, position: object) -> None:
    for cursor in (base64.urlsafe_b64encode(json.dumps(position).encode()).decode(), "!", "字", encode("feed", "1")):
        with pytest.raises(UsageError) as caught:
            platform.export.lines(auditor, cursor)
        assert caught.value.code == "cursor"


def test_only_auditors_take_everything_out(platform: Platform, author: Account) -> None:
    with pytest.raises(Refused):
        platform.export.lines(author)
    with pytest.raises(Refused):
        platform.pack.chunks(author)


def test_the_pack_shows_how_the_site_labels(platform: Platform, author: Account, auditor: Account) -> None:
    fill(platform, author)
    chunks = list(platform.pack.chunks(auditor))
    assert len(chunks) == 3
    with zipfile.ZipFile(io.BytesIO(b"".join(chunks))) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {
            "pack.json",
            "index.zh-CN.html",
            "index.en.html",
            "audit/checkpoint",
            "audit/vkey",
            "samples/possible.png",
            "samples/possible.png.json",
        }
        content = json.loads(archive.read("pack.json"))
        checkpoint = archive.read("audit/checkpoint").decode()
        verifier = Verifier.parse(archive.read("audit/vkey").decode())
        assert Checkpoint.opened(checkpoint, verifier).size == platform.audit_verify()[0]
        (found,) = yinji.read(archive.read("samples/possible.png")).found
        assert found.label is not None
        assert content["samples"]["possible"]["labels"] == [dict(found.label.items())]
        rules = [measure["rule"] for measure in content["measures"]]
        assert rules == [f"R{number}" for number in range(80, 106)]
        for language, said in (
            ("zh-CN", "该内容可能为人工智能生成合成内容"),
            ("en", "This may be AI-generated content"),
        ):
            page = archive.read(f"index.{language}.html").decode()
            assert said in page
            assert "R101" in page
            assert "http://" not in page
            assert "https://" not in page
