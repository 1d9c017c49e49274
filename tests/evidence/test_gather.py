"""Which detectors run, and that none of them can lose an upload."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import ClassVar

import pytest

from yinji.containers.model import Block, Found, Kind, Reading, Scheme, State
from yinji.containers.reading import read
from yinji.containers.source import Source
from yinji.errors import Malformed
from yinji.evidence import registry
from yinji.evidence.base import Basis, Detector, Evidence, Inspected, Says, Strength
from yinji.evidence.declaration import AuthorDeclaration
from yinji.evidence.implicit_label import ImplicitLabel
from yinji.labels.aigc import AigcLabel
from yinji.labels.declaration import Declaration, Declared
from yinji.texts import Text

LABEL = AigcLabel.first("001191110000MA0TE5T00Q10001", "20261122-7f3a9c")


def inspected(**reading: object) -> Inspected:
    values: dict[str, object] = {"state": State.UNLABELLED} | reading
    return Inspected(Source.open(b"x"), Reading("png", "image/png", Kind.IMAGE, **values))  # type: ignore[arg-type]


def labelled() -> Inspected:
    found = Found(Scheme.GB45438, LABEL, LABEL.to_json(), "xmp", "element", 10, 400)
    return inspected(state=State.LABELLED, found=(found,))


def test_all_detectors_fulfil_the_protocol_and_have_distinct_names() -> None:
    all_of_them = registry.detectors()
    assert all(isinstance(detector, Detector) for detector in all_of_them)
    names = [detector.name for detector in all_of_them]
    assert names == [entry.name for entry in registry._BUILT_IN]
    assert len(set(names)) == len(names)
    assert all(detector.version and not detector.decodes for detector in all_of_them)


@pytest.mark.parametrize(
    ("detector", "example"),
    [(d, e) for d in registry.detectors() for e in d.examples()],
    ids=lambda value: getattr(value, "name", None),
)
def test_examples_give_what_they_promise(detector: Detector, example: object) -> None:
    with Source.open(example.data, name=example.name) as source:  # type: ignore[attr-defined]
        found = list(detector.detect(Inspected(source, read(source, thorough=True))))
    assert [e.says for e in found] == [example.says]  # type: ignore[attr-defined]


def test_nothing_found_in_an_unlabelled_file_without_metadata() -> None:
    assert registry.gather(inspected()) == ()


def test_an_unlabelled_file_imports_no_detector() -> None:
    script = """
import sys
from yinji.containers.model import Kind, Reading, State
from yinji.containers.source import Source
from yinji.evidence.base import Inspected
from yinji.evidence.registry import gather
gather(Inspected(Source.open(b"x"), Reading("png", "image/png", Kind.IMAGE, State.UNLABELLED)))
print(sorted(m for m in sys.modules if m.startswith("yinji.evidence.")))
"""
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "['yinji.evidence.base', 'yinji.evidence.registry']"


def test_evidence_keeps_through_storage() -> None:
    file = Inspected(labelled().source, labelled().reading, Declaration(Declared.AI_EDITED, "背景"), {})
    for item in registry.gather(file):
        assert Evidence.from_dict(json.loads(json.dumps(item.to_dict()))) == item


def test_a_detector_that_meets_an_error_leaves_evidence_and_what_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = ImplicitLabel.detect

    def failing(self: ImplicitLabel, file: Inspected) -> Iterator[Evidence]:
        yield from honest(self, file)
        raise Malformed("truncated-read", path="a.png", offset=1, length=2, size=3)

    monkeypatch.setattr(ImplicitLabel, "detect", failing)
    first, failure = registry.gather(labelled())
    assert (first.basis, first.says) == (Basis.METADATA_LABEL, Says.AI)
    assert (failure.basis, failure.says) == (Basis.FAILURE, Says.UNKNOWN)
    assert failure.detail == {"code": "detector_failed", "cause": "truncated-read"}
    assert "implicit-label" in failure.summary.zh and "implicit-label" in failure.summary.en


class Reckless:
    name: ClassVar[str] = "reckless"
    version: ClassVar[str] = "9"
    decodes: ClassVar[bool] = False

    def detect(self, file: Inspected) -> Iterator[Evidence]:
        yield Evidence(self.name, self.version, Says.AI, Basis.TRACE, Strength.STRONG, Text("有", "yes"))
        raise ZeroDivisionError("boom")

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


class Liar(Reckless):
    name: ClassVar[str] = "liar"

    def detect(self, file: Inspected) -> Iterator[Evidence]:
        yield "ai"  # type: ignore[misc]


@pytest.fixture
def installed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Registers this module's detectors, or a module that is not there, as another package would."""
    targets: dict[str, str] = request.param
    points = [EntryPoint(name, value, registry.ENTRY_POINTS) for name, value in targets.items()]
    module = sys.modules.setdefault("yinji_test_detectors", type(sys)("yinji_test_detectors"))
    module.Reckless, module.Liar = Reckless, Liar  # type: ignore[attr-defined]
    monkeypatch.setattr(registry, "_installed", lambda: tuple((point.name, point) for point in points))


@pytest.mark.parametrize("installed", [{"reckless": "yinji_test_detectors:Reckless"}], indirect=True)
@pytest.mark.usefixtures("installed")
def test_somebody_elses_exception_becomes_evidence() -> None:
    found, failure = registry.gather(inspected())
    assert found.says is Says.AI
    assert (failure.detector, failure.version) == ("reckless", "9")
    assert failure.detail == {"code": "detector_failed", "cause": "ZeroDivisionError"}
    assert "boom" in failure.summary.en


@pytest.mark.parametrize("installed", [{"liar": "yinji_test_detectors:Liar"}], indirect=True)
@pytest.mark.usefixtures("installed")
def test_what_is_no_evidence_is_not_taken_for_it() -> None:
    (failure,) = registry.gather(inspected())
    assert failure.detail["cause"] == "TypeError"


@pytest.mark.parametrize("installed", [{"gone": "no_such_package:Detector"}], indirect=True)
@pytest.mark.usefixtures("installed")
def test_a_detector_that_cannot_be_loaded_becomes_evidence() -> None:
    label, failure = registry.gather(labelled())
    assert label.says is Says.AI
    assert (failure.detector, failure.version, failure.detail["cause"]) == ("gone", "", "ModuleNotFoundError")


@pytest.mark.parametrize("choice", list(Declared))
def test_declarations(choice: Declared) -> None:
    file = Inspected(Source.open(b"x"), inspected().reading, Declaration(choice, "自己画的底稿"))
    found = list(AuthorDeclaration().detect(file))
    if choice is Declared.UNDECLARED:
        assert found == []
        return
    (item,) = found
    assert item.says is (Says.AI if choice.says_ai else Says.NOT_AI)
    assert (item.basis, item.strength) == (Basis.DECLARATION, Strength.STATED)
    assert item.detail == {"choice": str(choice), "note": "自己画的底稿"}


def test_a_c2pa_manifest_is_reported_once_and_not_believed() -> None:
    blocks = (Block("c2pa", "jumbf", b"", 20, 60), Block("c2pa", "jumbf", b"", 60, 90))
    (item,) = registry.gather(inspected(blocks=blocks))
    assert (item.detector, item.says, item.basis) == ("credential-presence", Says.UNKNOWN, Basis.CREDENTIAL)
    assert item.detail == {"scheme": "c2pa", "verified": False, "blocks": 2}
    assert item.where == {"carrier": "c2pa", "offset": 20, "length": 40}
    assert "not yet verified" in item.summary.en


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"....jumb....c2pa", True),
        (registry.C2PA_BOX + b"\0\0\0\0", True),
        (b"compressed c2pa data", False),
        (b"jumb without the other word", False),
        ("jumb c2pa", False),
    ],
)
def test_the_four_bytes_alone_are_no_manifest(value: bytes | str, expected: bool) -> None:
    assert registry.may_hold_credential(Block("png-chunk", "x", value, 0, 1)) is expected
