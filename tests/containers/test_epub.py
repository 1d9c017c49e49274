"""EPUB: the harness, every form of the element, and a second reader of the package."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

import documents
from yinji.containers.epub import Epub
from yinji.containers.model import State
from yinji.errors import WouldBreakCredentials
from yinji.testing import LABEL, PROPAGATED, Sample, check_container, labelled, reading_of

EPUB = Epub()
BOOK, OLD = (example.data for example in EPUB.examples())
OPF = "OEBPS/content.opf"
PACKAGE = documents.part(BOOK, OPF).decode()
XML = LABEL.to_json().replace('"', "&quot;")
META = f'<meta name="AIGC" content="{XML}"/>'


def with_metadata(*elements: str) -> bytes:
    return documents.repacked(BOOK, {OPF: PACKAGE.replace("</metadata>", "".join(elements) + "</metadata>").encode()})


def test_harness() -> None:
    check_container(EPUB, doubled=[("two.epub", with_metadata(META, META.replace("AIGC", "aigc")))], mutations=60)


@pytest.mark.parametrize(
    ("element", "codes"),
    [
        (META, set()),
        (f'<meta property="AIGC">{XML}</meta>', set()),
        (META.replace("AIGC", "Aigc"), {"key-case"}),
        (f"<dc:description>{XML}</dc:description>", {"key-name", "place"}),
    ],
)
def test_every_form_is_read_and_replaced_by_the_one(element: str, codes: set[str]) -> None:
    data = with_metadata(element)
    (found,) = reading_of(EPUB, Sample("x.epub", data)).found
    assert (found.label, {problem.code for problem in found.problems}) == (LABEL, codes)
    written = labelled(EPUB, Sample("x.epub", data), PROPAGATED).data
    assert documents.part(written, OPF).count(b"ContentProducer") == 1


@pytest.mark.parametrize("data", [BOOK, OLD], ids=["3", "2"])
def test_a_second_reader_finds_it_and_only_the_package_changes(data: bytes) -> None:
    written = labelled(EPUB, Sample("x.epub", data)).data
    root = ElementTree.fromstring(documents.part(written, OPF))
    values = [e.get("content") for e in root.iter("{http://www.idpf.org/2007/opf}meta") if e.get("name") == "AIGC"]
    assert values == [LABEL.to_json()]
    before, after = documents.entries(data), documents.entries(written)
    assert list(after) == list(before)
    assert {name for name in after if after[name] != before[name]} == {OPF}
    assert (next(iter(after)), after["mimetype"][2]) == ("mimetype", 0)


def test_obfuscated_fonts_are_fine_and_an_enciphered_package_is_not() -> None:
    for uri, state in (("OEBPS/font.otf", State.UNLABELLED), (OPF, State.UNREADABLE)):
        ciphered = f'<encryption><EncryptedData><CipherReference URI="{uri}"/></EncryptedData></encryption>'
        data = documents.repacked(BOOK, {"META-INF/encryption.xml": ciphered.encode()})
        assert reading_of(EPUB, Sample("x.epub", data)).state is state


def test_a_signed_package_is_refused() -> None:
    signature = f'<signatures><Signature><Reference URI="{OPF}"/></Signature></signatures>'
    data = documents.repacked(BOOK, {"META-INF/signatures.xml": signature.encode()})
    with pytest.raises(WouldBreakCredentials):
        labelled(EPUB, Sample("x.epub", data))


def test_a_missing_package_is_not_called_unlabelled() -> None:
    assert reading_of(EPUB, Sample("x.epub", documents.repacked(BOOK, {OPF: None}))).state is State.MALFORMED
