"""Agreements, copies without the explicit label, withdrawing an item, erasing an account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.server import represent
from yinji.server.access import author_of, platform_of
from yinji.server.api.shared import ItemId
from yinji.server.files import serve_file
from yinji.server.formatting import machine_time

router = APIRouter()

Name = Annotated[str, Path(max_length=32, description="`terms` or `unmarked`.")]
AccountId = Annotated[str, Path(max_length=64, description="Number of the account.")]
CopyId = Annotated[str, Path(max_length=64, description="Number of the copy.")]


class Accepted(BaseModel):
    """Which version of an agreement was read and is accepted."""

    accept: str = Field(max_length=10, description="The agreement's version.")


@router.get("/v1/agreements/{name}", summary="Read an agreement")
def read_agreement(request: Request, name: Name) -> Response:
    """Returns the version in force, in both languages."""
    return JSONResponse(represent.agreement(platform_of(request).agreements.in_force(name)))


@router.post("/v1/agreements/{name}", summary="Accept an agreement")
def accept_agreement(request: Request, name: Name, accepted: Accepted) -> Response:
    """Records that the account accepts the version in force."""
    agreement = platform_of(request).agreements.accept(author_of(request), name, accepted.accept)
    return JSONResponse(represent.agreement(agreement))


@router.delete("/v1/items/{item_id}", summary="Withdraw an item")
def withdraw_item(request: Request, item_id: ItemId) -> Response:
    """Takes one's own item from view; it is kept as evidence until the day in the answer, then cleared."""
    until = platform_of(request).withdrawing.withdraw(author_of(request), item_id)
    return JSONResponse({"id": item_id, "withdrawn": True, "keep_until": machine_time(until)})


@router.post("/v1/items/{item_id}/unmarked", status_code=201, summary="Ask for a copy without the explicit label")
def make_unmarked(request: Request, item_id: ItemId, accepted: Accepted) -> Response:
    """Makes a copy for the item's author, who accepts the agreement `unmarked`; the implicit label stays in it."""
    copy = platform_of(request).unmarked.make(author_of(request), item_id, accept=accepted.accept)
    return JSONResponse(represent.unmarked_copy(copy), 201)


@router.get("/v1/items/{item_id}/unmarked/{copy_id}", summary="Read such a copy", response_class=FileResponse)
def read_unmarked(request: Request, item_id: ItemId, copy_id: CopyId) -> Response:
    """Returns the file of a copy to whoever it was made for."""
    file = platform_of(request).unmarked.file(author_of(request), item_id, copy_id)
    return serve_file(request, file, download=True)


@router.delete("/v1/accounts/{account_id}", status_code=204, summary="Erase an account")
def erase_account(request: Request, account_id: AccountId) -> Response:
    """Erases name, password, sessions and words of an account at its owner's request; its number stays in the log."""
    platform_of(request).erasing.erase(author_of(request), account_id)
    return Response(status_code=204)
