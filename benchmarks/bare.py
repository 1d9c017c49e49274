"""The least that a server can do: what the platform is measured against. Run as ``python -c`` with folder and port."""

from __future__ import annotations

BARE = """
import os, sys, uuid
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

folder = sys.argv[1]

def store(body):
    name = uuid.uuid4().hex
    with open(os.path.join(folder, name), "xb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    return name

async def items(request):
    return JSONResponse({"id": await run_in_threadpool(store, await request.body())}, 201)

async def check(request):
    return JSONResponse({"size": len(await request.body())})

async def page(request):
    return HTMLResponse("x" * int(request.query_params["bytes"]))

posts = [Route(path, answer, methods=["POST"]) for path, answer in (("/v1/items", items), ("/v1/check", check))]
routes = [*posts, Route("/page", page)]
uvicorn.run(Starlette(routes=routes), port=int(sys.argv[2]), log_level="critical")
"""
