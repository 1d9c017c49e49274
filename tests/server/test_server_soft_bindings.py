"""Other systems find the label of a file whose metadata were stripped, by the names of the C2PA soft-binding API."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import live
import pytest

import samples
from noise import noise
from yinji.platform.copies import media_digest_of
from yinji.platform.model import Role
from yinji.server.api.soft_bindings import ALGORITHM


@pytest.fixture(scope="module")
def labelled(site: live.Site, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], bytes]:
    """An item that is served with our label, and its file as it was before."""
    file = io.BytesIO()
    samples.picture(size=(320, 246)).save(file, "PNG")
    with site.client(Role.CREATOR) as client:
        answer = client.post(
            "/v1/items", data={"declaration": "ai_generated"}, files={"file": ("x.png", file.getvalue())}
        )
    return answer.json(), file.getvalue()


def test_a_copy_without_its_label_finds_it(site: live.Site, labelled: tuple[dict[str, object], bytes]) -> None:
    item, plain = labelled
    with site.client() as client:
        (alg,) = client.get("/services/supportedAlgorithms").json()["fingerprints"]
        (found,) = client.post("/matches/byContent", content=plain).json()["matches"]
        served = client.get(f"/v1/items/{item['id']}/file").content
        (again,) = client.post("/matches/byContent", params=alg, content=served).json()["matches"]
    assert alg == {"alg": ALGORITHM}
    assert found == again
    assert found["similarityScore"] == 100
    assert found["label"]["PropagateID"] == found["item"] == item["id"]
    assert found["endpoint"] == f"{site.base}/v1/items/{item['id']}"


def test_the_digest_alone_finds_it_too(site: live.Site, labelled: tuple[dict[str, object], bytes]) -> None:
    _, plain = labelled
    value = base64.b64encode(bytes.fromhex(media_digest_of(io.BytesIO(plain), "x.png") or "")).decode()
    other = base64.b64encode(bytes(32)).decode()
    with site.client() as client:
        got = client.get("/matches/byBinding", params={"alg": ALGORITHM, "value": value}).json()
        posted = client.post("/matches/byBinding", json={"alg": ALGORITHM, "value": value}).json()
        nothing = client.get("/matches/byBinding", params={"alg": ALGORITHM, "value": other})
    assert len(got["matches"]) == 1
    assert got == posted
    assert (nothing.status_code, nothing.json()) == (200, {"matches": []})


def test_what_is_not_known_is_no_match_and_what_is_no_binding_is_said(site: live.Site, tmp_path: Path) -> None:
    file = io.BytesIO()
    noise((64, 64), 90).save(file, "PNG")
    with site.client() as client:
        answers = {
            "another picture": client.post("/matches/byContent", content=file.getvalue()),
            "no picture": client.post("/matches/byContent", content=bytes(5000)),
            "nothing": client.post("/matches/byContent"),
            "another algorithm": client.post("/matches/byContent?alg=com.adobe.trustmark.P", content=file.getvalue()),
            "another binding": client.get("/matches/byBinding?alg=com.adobe.trustmark.P&value=AAAA"),
            "no digest": client.get("/matches/byBinding", params={"alg": ALGORITHM, "value": "AAAA"}),
            "no Base64": client.post("/matches/byBinding", json={"alg": ALGORITHM, "value": "é*"}),
            "half a binding": client.post("/matches/byBinding", json={"alg": ALGORITHM}),
        }
    assert {name: answer.status_code for name, answer in answers.items()} == {
        "another picture": 200,
        "no picture": 415,
        "nothing": 422,
        "another algorithm": 400,
        "another binding": 400,
        "no digest": 400,
        "no Base64": 400,
        "half a binding": 422,
    }
    assert answers["another picture"].json() == {"matches": []}
    assert answers["another algorithm"].json()["zh"]["next"].startswith("可用的算法")


def test_a_withdrawn_item_is_not_pointed_to_but_its_label_stays_known(site: live.Site) -> None:
    file = io.BytesIO()
    samples.picture(size=(322, 248)).save(file, "PNG")
    with site.client(Role.CREATOR) as client:
        sent = {"file": ("x.png", file.getvalue())}
        item = client.post("/v1/items", data={"declaration": "ai_generated"}, files=sent).json()["id"]
        assert client.delete(f"/v1/items/{item}").status_code < 300
        (found,) = client.post("/matches/byContent", content=file.getvalue()).json()["matches"]
    assert "item" not in found and "endpoint" not in found
    assert found["label"]["PropagateID"] == item
