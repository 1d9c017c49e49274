from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from live import PASSWORD, Site

import yinji
from yinji.cli.commands.audit import command as audit_command
from yinji.errors import StorageError
from yinji.platform.audit import tree
from yinji.platform.audit.notes import Checkpoint, Verifier
from yinji.platform.audit.tiles import ENTRIES, Tile, unpack_entries
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
        checkpoint = auditor.get("/v1/audit/checkpoint").text
    assert checkpoint.splitlines()[1] == str(newest["index"] + 1)
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

    public = ("/v1/", "/.well-known/", "/healthz", "/metrics", "/matches/", "/services/")
    programs = {key for key in ROUTES if key[1].startswith(public)}
    assert operations == {(method, path.replace(":path}", "}")) for method, path in programs}
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


def test_anybody_may_see_the_tree_and_auditors_the_entries(site: Site, author: httpx.Client) -> None:
    publish(author, text="for the tree")
    with site.client() as visitor, site.client(Role.AUDITOR) as auditor:
        about = visitor.get("/.well-known/yinji.json").json()["audit"]
        verifier = Verifier.parse(about["vkey"])
        checkpoint = Checkpoint.opened(visitor.get(f"{about['log']}/checkpoint").text, verifier)
        tile = Tile(0, 0, min(256, checkpoint.size))
        hashes = visitor.get(f"/v1/audit/tile/{tile.address}")
        assert hashes.headers["content-type"] == "application/octet-stream"
        assert hashes.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert len(hashes.content) == 32 * tile.width
        entries = f"/v1/audit/tile/{Tile(ENTRIES, 0, tile.width).address}"
        assert visitor.get(entries).status_code == 403
        bundle = auditor.get(entries)
        assert bundle.headers["cache-control"] == "private, max-age=31536000, immutable"
        leaves = [tree.leaf_hash(entry) for entry in unpack_entries(bundle.content)]
        assert b"".join(leaves) == hashes.content
        proof = visitor.get(f"/v1/audit/proof/inclusion?index=1&size={checkpoint.size}").json()
        path = [bytes.fromhex(node) for node in proof["path"]]
        assert tree.root_of_inclusion(leaves[1], 1, checkpoint.size, path) == checkpoint.root
        grown = visitor.get(f"/v1/audit/proof/consistency?old=3&new={checkpoint.size}").json()
        path = [bytes.fromhex(node) for node in grown["path"]]
        old = bytes.fromhex(grown["old_root"])
        assert tree.is_consistent(3, old, checkpoint.size, checkpoint.root, path)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("tile/0/x009/999", 404),
        ("tile/0/0", 404),
        ("tile/..%2F..%2Fitems", 404),
        ("tile/8/000.p/1", 404),
        ("proof/inclusion?index=999999999", 404),
        ("proof/inclusion?index=1&size=1", 404),
        ("proof/inclusion?index=-1", 422),
        ("proof/inclusion", 422),
        ("proof/consistency?old=5&new=2", 404),
        ("proof/consistency?old=0", 200),
    ],
)
def test_what_the_tree_does_not_have_is_a_problem(site: Site, path: str, status: int) -> None:
    with site.client() as client:
        assert client.get(f"/v1/audit/{path}").status_code == status


def test_a_check_of_the_log_tells_how_far_it_is(site: Site) -> None:
    with site.client(Role.AUDITOR) as auditor:
        answer = auditor.post("/v1/audit/verify")
        lines = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert all(line["done"] <= line["size"] for line in lines[:-1])
    assert lines[-1]["intact"] is True
    assert lines[-1]["size"] >= lines[-2]["done"]


def test_the_command_line_checks_a_log_behind_an_address(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    older = tmp_path / "older"
    older.write_text(site.platform.audit.checkpoints.current())
    arguments = ["verify", "--url", f"{site.base}/v1/audit", "--older", str(older), "--json"]
    monkeypatch.setenv("YINJI_TOKEN", "")
    with pytest.raises(StorageError) as caught:
        audit_command.main(arguments, standalone_mode=False)
    assert (caught.value.code, caught.value.details["reason"]) == ("audit-fetch", "HTTP 403")
    monkeypatch.setenv("YINJI_TOKEN", site.token(Role.AUDITOR))
    assert audit_command.main(arguments, standalone_mode=False) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["origin"], found["intact"], found["vkey_pinned"]) == ("localhost", True, False)
    assert found["consistent_with"] == [int(older.read_text().splitlines()[1])]
    for address in ("file:///etc", "ftp://127.0.0.1/x", "http://127.0.0.1:1/"):
        with pytest.raises(StorageError):
            audit_command.main(["verify", "--url", address, "--vkey", found["vkey"]], standalone_mode=False)
