"""Declarations in the words of other platforms (rules W17)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yinji.platform.vocabularies.vocabulary import statements, vocabularies, vocabulary
from yinji.server.access import platform_of
from yinji.server.api.shared import ItemId

router = APIRouter()

Name = Annotated[str, Path(max_length=64, description="Id of the vocabulary.")]


@router.get("/v1/vocabularies", summary="List vocabularies")
def list_vocabularies(request: Request) -> Response:
    """Lists Yinji's own statements, and the platforms whose words it knows."""
    own = [
        {
            "id": s.id,
            "name": {"zh": s.name.zh, "en": s.name.en},
            "declares": str(s.declares),
            "else": s.otherwise or None,
        }
        for s in statements().values()
    ]
    return JSONResponse({"statements": own, "vocabularies": [v.to_dict() for v in vocabularies().values()]})


@router.get("/v1/vocabularies/{name}", summary="Read a vocabulary")
def read_vocabulary(request: Request, name: Name) -> Response:
    """Returns one platform's options with what each of them means."""
    return JSONResponse(vocabulary(name).to_dict())


@router.get("/v1/items/{item_id}/declaration", summary="Read a declaration in another platform's words")
def read_declaration(
    request: Request,
    item_id: ItemId,
    vocabulary_name: Annotated[
        str, Query(alias="vocabulary", max_length=64, description="Id of the vocabulary to say it in.")
    ],
) -> Response:
    """Returns the field and the value to send to that platform; null where it has nothing that comes near."""
    chosen = vocabulary(vocabulary_name)
    option = chosen.option_for(platform_of(request).item(item_id).declaration)
    said = option.to_dict() if option else {"value": None, "text": None, "means": None}
    return JSONResponse({"vocabulary": chosen.id, "field": chosen.field, **said})
