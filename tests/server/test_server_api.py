from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from live import PASSWORD, Site

import yinji
from yinji.platform.model import Role


@pytest.fixture
def author(site: Site) -> Iterator[httpx.Client]:
    with site.client(Role.CREATOR) as client:
        yield client


def publish(author: httpx.Client, file: Path | None = None, **fields: str) -> httpx.Response:
    data = {"declaration": "ai_generated"} | fields
    files = {"file": (file.name, file.read_bytes())} if file else None
    if files is None:
        return author.post("/v1/items", data=data)
    return author.post("/v1/items", data=data, files=files)


def test_session_gives_a_token_and_takes_it_back(site: Site) -> None:
    with site.client() as client:
        answer = client.post("/v1/session", json={"name": "the-creator", "password": PASSWORD})
        assert answer.status_code == 201
        bearer = {"Authorization": f"Bearer {answer.json()['token']}"}
        assert client.get("/account.json", headers=bearer).json()["role"] == "creator"
        assert client.delete("/v1/session", headers=bearer).status_code == 204
        assert client.get("/account.json", headers=bearer).status_code == 401


def test_a_wrong_password_is_a_problem_in_both_languages(site: Site) -> None:
    with site.client() as client:
        answer = client.post("/v1/session", json={"name": "nobody-here", "password": "wrong"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"urn:yinji:error:{problem['code']}"
    assert problem["status"] == 401
    assert problem["zh"]["detail"] and problem["en"]["detail"]
    assert problem["zh"]["next"] and problem["en"]["next"]


def test_problem_detail_follows_the_language(site: Site) -> None:
    with site.client() as client:
        for language, key in (("en", "en"), ("zh-CN", "zh"), ("fr", "zh"), ("de;q=0.9,en;q=0.5", "en")):
            problem = client.get("/v1/nothing", headers={"Accept-Language": language}).json()
            assert problem["detail"] == problem[key]["detail"]


def test_check_reads_a_file_and_keeps_nothing(site: Site, labelled_png: Path) -> None:
    before = site.platform.audit_verify()[0]
    with site.client() as client:
        as_form = client.post("/v1/check", files={"file": (labelled_png.name, labelled_png.read_bytes())}).json()
        as_body = client.post("/v1/check", content=labelled_png.read_bytes(), params={"filename": "x.png"}).json()
    assert as_form["state"] == as_body["state"] == "labelled"
    assert as_form["labels"][0]["ContentProducer"] == "001191110000MA0TE5T00Q10001"
    assert as_form["verdict"]["tier"] == "confirmed"
    assert as_form["labels"] == as_body["labels"]
    assert site.platform.audit_verify()[0] == before


def test_publish_writes_our_half_and_serves_it(
    site: Site, author: httpx.Client, labelled_png: Path, tmp_path: Path
) -> None:
    answer = publish(author, labelled_png, title="海报底图")
    assert answer.status_code == 201, answer.text
    item = answer.json()
    assert answer.headers["location"] == f"/v1/items/{item['id']}"
    assert item["report"]["verdict"]["tier"] == "confirmed"
    assert item["propagation"]["state"] == "written"
    served = author.get(item["served_href"])
    (tmp_path / "served.png").write_bytes(served.content)
    label = yinji.read(tmp_path / "served.png").label
    original = yinji.read(labelled_png).label
    assert label is not None and original is not None
    assert (label.label, label.producer, label.produce_id, label.reserved1) == (
        original.label,
        original.producer,
        original.produce_id,
        original.reserved1,
    )
    assert label.propagator == site.platform.settings.propagator
    assert label.propagate_id == item["propagation"]["label"]["PropagateID"]
    assert author.get(f"/v1/items/{item['id']}").json()["id"] == item["id"]


def test_a_declaration_is_needed(author: httpx.Client) -> None:
    for choice in ("", "undeclared", "nonsense"):
        answer = publish(author, text="words", declaration=choice)
        assert (answer.status_code, answer.json()["code"]) == (422, "declaration-missing")


def test_words_or_a_file_are_needed(author: httpx.Client) -> None:
    assert publish(author).json()["code"] == "nothing-to-publish"


def test_the_same_key_publishes_once(author: httpx.Client) -> None:
    author.headers["Idempotency-Key"] = "words-1"
    first, again = publish(author, text="once"), publish(author, text="once")
    assert first.status_code == again.status_code == 201
    assert first.json()["id"] == again.json()["id"]
    assert publish(author, text="something else").status_code == 409


def test_declaration_rises_and_does_not_fall(author: httpx.Client, plain_png: Path) -> None:
    item = publish(author, plain_png, declaration="not_ai").json()
    assert item["report"]["verdict"]["tier"] == "none"
    address = f"/v1/items/{item['id']}/declaration"
    raised = author.patch(address, json={"choice": "ai_edited", "note": "天空"})
    assert raised.status_code == 200
    assert raised.json()["report"]["verdict"]["tier"] == "possible"
    assert raised.json()["declaration"] == {"choice": "ai_edited", "note": "天空", "statement": ""}
    lowered = author.patch(address, json={"choice": "not_ai"})
    assert lowered.status_code == 403
    assert author.get(f"/v1/items/{item['id']}").json()["declaration"]["choice"] == "ai_edited"


def test_words_are_served_with_their_label(author: httpx.Client, tmp_path: Path) -> None:
    item = publish(author, text="由模型整理的摘要").json()
    assert item["file"] is None
    (tmp_path / "served.md").write_bytes(author.get(item["served_href"]).content)
    label = yinji.read(tmp_path / "served.md").label
    assert label is not None and label.label == "2"
    assert label.propagate_id == item["propagation"]["label"]["PropagateID"]


def test_nobody_changes_anothers_declaration(site: Site, author: httpx.Client) -> None:
    item = publish(author, text="mine", declaration="not_ai").json()
    with site.client(Role.ADMIN) as other:
        assert other.patch(f"/v1/items/{item['id']}/declaration", json={"choice": "ai_edited"}).status_code == 403


def test_listing_goes_on_by_cursor(author: httpx.Client) -> None:
    ids = {publish(author, text=f"page {n} of the cursor test").json()["id"] for n in range(5)}
    seen: list[str] = []
    address = "/v1/items?limit=2&q=cursor"
    while address:
        answer = author.get(address)
        page = answer.json()
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        link = answer.headers.get("link", "")
        assert bool(link) == bool(page["next_cursor"])
        address = link.partition(">")[0].lstrip("<")
    assert len(seen) == len(set(seen)) == 5
    assert set(seen) == ids


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=nonsense"])
def test_bad_listing_is_a_problem(site: Site, query: str) -> None:
    with site.client() as client:
        answer = client.get(f"/v1/items?{query}")
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_audit_checkpoint_is_the_end_of_the_entries(site: Site, author: httpx.Client) -> None:
    publish(author, text="for the log")
    with site.client(Role.AUDITOR) as auditor:
        newest = auditor.get("/v1/audit/entries?limit=1").json()["entries"][0]
        checkpoint = auditor.get("/v1/audit/checkpoint").json()
    assert checkpoint == {"size": newest["index"] + 1, "chain_hash": newest["chain_hash"]}
    assert json.loads(newest["body"])["event"] == newest["event"]


def test_about_and_health(site: Site) -> None:
    with site.client() as client:
        about = client.get("/.well-known/yinji.json").json()
        assert client.get("/healthz").json() == {"healthy": True}
    assert about["propagator"] == site.platform.settings.propagator
    assert about["software"]["version"] == yinji.__version__


def test_openapi_names_every_public_route(site: Site) -> None:
    with site.client() as client:
        description = client.get("/v1/openapi.json").json()
    assert description["openapi"].startswith("3.1")
    operations = {(m.upper(), p) for p, methods in description["paths"].items() for m in methods}
    from yinji.server.access import ROUTES

    programs = {key for key in ROUTES if key[1].startswith(("/v1/", "/.well-known/", "/healthz"))}
    assert operations == programs
    assert "security" not in description["paths"]["/v1/check"]["post"]
    assert description["paths"]["/v1/audit/entries"]["get"]["security"] == [{"bearer": []}]
    body = description["paths"]["/v1/items"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert body["required"] == ["declaration"]


def test_every_page_has_a_twin(site: Site, author: httpx.Client) -> None:
    item = publish(author, text="twin").json()
    assert author.get(f"/items/{item['id']}.json").json() == author.get(f"/v1/items/{item['id']}").json()
    assert item["id"] in {row["id"] for row in author.get("/feed.json").json()["items"]}
    assert [c["value"] for c in author.get("/publish.json").json()["choices"]] == [
        "ai_generated",
        "ai_edited",
        "not_ai",
    ]


def test_check_of_several_files_as_json(site: Site, labelled_png: Path) -> None:
    files = [("file", (labelled_png.name, labelled_png.read_bytes())), ("file", ("empty.png", b""))]
    with site.client() as client:
        answer = client.post("/verify.json", files=files).json()
    assert answer["results"][0]["report"]["state"] == "labelled"
    assert answer["refused"][0]["code"] == "empty-file"
