"""The operator's page and its API where they refuse; a whole day of an operator is in ``test_server_paths``."""

from __future__ import annotations

import html
import re

import pytest
from live import Site

from yinji.platform.model import Role
from yinji.server.pages import admin


def test_every_version_of_the_policy_is_kept_and_none_goes_below_the_law(site: Site) -> None:
    with site.client(Role.ADMIN) as client, site.client(Role.AUDITOR) as auditor:
        before = client.get("/v1/policy").json()["policy"]["number"]
        wanted = {"additions": {"suspected": {"explicit": True}}, "replacing": before}
        assert client.put("/v1/policy", json=wanted).status_code == 200
        told = auditor.get("/v1/policy").json()
        assert told["policy"]["number"] == before + 1
        assert told["policy"]["additions"]["suspected"] == {"notice": True, "propagation": True, "explicit": True}
        assert told["history"][0] == told["policy"]
        late = client.put("/v1/policy", json={"additions": {}, "replacing": before})
        assert late.status_code == 409
        below = client.put("/v1/policy", json={"additions": {"confirmed": {"notice": False}}})
        assert below.status_code == 400 and below.json()["code"] == "policy-below-law"
        assert client.put("/v1/policy", json={"replacing": before + 1}).status_code == 200
        assert auditor.get("/v1/work").status_code == 200
        assert auditor.put("/v1/policy", json={}).status_code == 403


def test_accounts_are_opened_once_and_listed_in_pages(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {"name": "new-reviewer", "password": "正确 horse battery", "role": "reviewer"}
    with site.client(Role.ADMIN) as client:
        assert client.post("/v1/accounts", json=wanted).status_code == 201
        assert client.post("/v1/accounts", json=wanted | {"role": "reader"}).status_code == 409
        first = client.get("/v1/accounts", params={"limit": 1}).json()
        assert first["next_cursor"] and len(first["accounts"]) == 1
        monkeypatch.setattr(admin, "_ACCOUNTS", 1)
        assert "the-reviewer" not in client.get("/admin").text
        seen, onward = "", "/admin"
        while onward:
            page = client.get(onward).text
            seen += page
            found = re.search(r'rel="next" href="([^"]*)#accounts"', page)
            onward = html.unescape(found[1]) if found else ""
        assert all(f"the-{role}" in seen for role in Role)


def test_a_pass_over_the_catalogue_is_started_and_listed(site: Site) -> None:
    with site.client(Role.ADMIN) as client:
        made = client.post("/v1/relabellings")
        assert made.status_code == 201
        number = made.json()["id"]
        assert number in {one["id"] for one in client.get("/v1/relabellings").json()["relabellings"]}
        assert client.post(f"/v1/relabellings/{number}/nonsense").status_code == 404
        assert "catalogue" in client.get("/admin").text


def test_what_cannot_be_done_is_said_beside_its_form(site: Site) -> None:
    with site.client(Role.ADMIN) as client:
        for address, form in (
            ("/admin/webhooks", {"url": "ftp://example.org/", "events": "item.*"}),
            ("/admin/accounts", {"name": "x y z", "password": "short", "role": "reader"}),
            ("/admin/policy", {"replacing": "no number"}),
        ):
            answer = client.post(address, data=form)
            assert 400 <= answer.status_code < 500
            assert "note-bad" in answer.text
        assert client.post("/admin/work/0/retry").status_code == 404
