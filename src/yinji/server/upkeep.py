"""What the server does beside answering, while it runs: its share of the queued work, and tidying every hour."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from typing import Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from yinji.errors import YinjiError
from yinji.platform.service import Platform
from yinji.server.stamping import stamp

_LOG: Final = logging.getLogger("yinji.upkeep")
HOUR: Final = 3600.0
THOROUGH_EVERY: Final = 24 * 7


@asynccontextmanager
async def upkeep(app: FastAPI) -> AsyncIterator[None]:
    """Runs :func:`tidy_for_ever` and the workers for as long as the application lives."""
    platform: Platform = app.state.platform
    task = asyncio.create_task(tidy_for_ever(platform))
    threads = platform.settings.workers
    try:
        with platform.work.pool(threads) if threads else nullcontext():
            yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def tidy_for_ever(platform: Platform, *, every: float = HOUR) -> None:
    """Tidies every ``every`` seconds; the platform does it once by itself when it opens."""
    hours = 0
    while True:
        await asyncio.sleep(every)
        hours += 1
        try:
            await run_in_threadpool(platform.tidy, thorough=hours % THOROUGH_EVERY == 0)
            await run_in_threadpool(stamp, platform)
        except YinjiError as error:  # the database may be away for a while: an hour later is soon enough
            _LOG.warning("tidying: %s", error)
        except Exception:
            _LOG.exception("tidying failed")
