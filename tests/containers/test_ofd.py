"""OFD: the harness, several documents in one file, signatures."""

from __future__ import annotations

import pytest

import documents
from yinji.containers.model import State
from yinji.containers.ofd import Ofd
from yinji.errors import WouldBreakCredentials
from yinji.testing import LABEL, Sample, check_container, labelled, reading_of

OFD = Ofd()
FIELDS, BARE = (example.data for example in OFD.examples())
ENTRY = documents.part(FIELDS, "OFD.xml").decode()
DATUM = f'<ofd:CustomData Name="AIGC">{LABEL.to_json()}</ofd:CustomData>'.replace('"{', "{")


def doubled() -> bytes:
    two = ENTRY.replace("</ofd:CustomDatas>", DATUM + DATUM.replace("AIGC", "aigc") + "</ofd:CustomDatas>")
    return documents.repacked(FIELDS, {"OFD.xml": two.encode()})


def test_harness() -> None:
    check_container(OFD, doubled=[("two.ofd", doubled())], mutations=60)


@pytest.mark.parametrize("data", [FIELDS, BARE], ids=["fields", "bare"])
def test_only_the_entry_changes(data: bytes) -> None:
    written = labelled(OFD, Sample("x.ofd", data)).data
    before, after = documents.entries(data), documents.entries(written)
    assert {name for name in after if after[name] != before[name]} == {"OFD.xml"}
    assert documents.part(written, "OFD.xml").count(b"CustomDatas>") == 2


@pytest.mark.parametrize(("file", "refused"), [("/OFD.xml", True), ("/Doc_0/Document.xml", False)])
def test_signatures_are_noticed_and_broken_by_nobody(file: str, refused: bool) -> None:
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    listed = f'<ofd:Signatures {space}><ofd:Signature ID="1" BaseLoc="Sign_0/Signature.xml"/></ofd:Signatures>'
    references = f'<ofd:References><ofd:Reference FileRef="{file}"/></ofd:References>'
    signature = f"<ofd:Signature {space}><ofd:SignedInfo>{references}</ofd:SignedInfo></ofd:Signature>"
    parts = {"Doc_0/Signs/Signatures.xml": listed.encode(), "Doc_0/Signs/Sign_0/Signature.xml": signature.encode()}
    data = documents.repacked(FIELDS, parts)
    assert "document-signature" in {block.carrier for block in reading_of(OFD, Sample("x.ofd", data)).blocks}
    if refused:
        with pytest.raises(WouldBreakCredentials):
            labelled(OFD, Sample("x.ofd", data))
    else:
        assert reading_of(OFD, labelled(OFD, Sample("x.ofd", data))).label == LABEL


def test_a_file_without_its_entry_is_not_called_unlabelled() -> None:
    assert reading_of(OFD, Sample("x.ofd", documents.repacked(FIELDS, {"OFD.xml": None}))).state is State.MALFORMED
