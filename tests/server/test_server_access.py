from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from live import Site, serve

from yinji.platform.model import Role
from yinji.platform.permissions import ALLOWED, Permission
from yinji.server import api
from yinji.server.access import ROUTES, Open
from yinji.server.app import create_app

NOBODY = 401
FORBIDDEN = 403


def test_every_route_is_in_the_table_and_nothing_else(site: Site) -> None:
    app = create_app(site.platform)
    pages = [route for route in app.routes if isinstance(route, APIRoute)]
    routers = [route for router in api.ROUTERS for route in router.routes]
    programs = [route for route in routers if isinstance(route, APIRoute)]
    assert len(app.routes) == len(pages) + len(api.ROUTERS), "the pages, and the API's routers"
    assert len(routers) == len(programs)
    assert {(method, route.path) for route in pages + programs for method in route.methods} == set(ROUTES)


def test_a_route_that_is_not_in_the_table_is_refused(tmp_path: Path) -> None:
    def forget(app: FastAPI) -> None:
        app.add_api_route("/forgotten", lambda: "open", methods=["GET"])

    with serve(tmp_path, prepare=forget) as site, site.client(Role.ADMIN) as client:
        assert client.get("/forgotten").status_code == FORBIDDEN


def allowed(method: str, path: str, role: Role | None) -> bool:
    need = ROUTES[(method, path)]
    if need is Open.ANYBODY:
        return True
    return role is not None if need is Open.SIGNED_IN else Permission(need) in ALLOWED[role]


@pytest.mark.parametrize("role", [None, *Role], ids=str)
@pytest.mark.parametrize(("method", "path"), sorted(ROUTES), ids=lambda v: v)
def test_every_route_for_every_role(site: Site, method: str, path: str, role: Role | None) -> None:
    with site.client(role) as client:
        status = client.request(method, re.sub(r"\{\w+\}", "0", path)).status_code
    if allowed(method, path, role):
        assert status not in (NOBODY, FORBIDDEN)
    else:
        assert status == (NOBODY if role is None else FORBIDDEN)


def test_a_token_that_means_nothing_is_nobody(site: Site) -> None:
    with site.client(Authorization="Bearer nonsense") as client:
        assert client.get("/account.json").status_code == NOBODY
        assert client.get("/v1/items").status_code == 200
