"""Killed while publishing: what was acknowledged is there and whole, the rest left nothing torn (design, rule 10)."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import threading

from sqlalchemy import Engine, text

from yinji.platform.model import Account
from yinji.platform.service import Platform
from yinji.platform.settings import Settings

KILLS = 5

PUBLISHER = """
import io, sys
from yinji.labels.declaration import Declaration, Declared
from yinji.platform.service import Platform
from yinji.platform.settings import Settings
from PIL import Image

with Platform.open(Settings.from_environment()) as platform:
    author = platform.account_named("qinghe")
    for number in range(10_000):
        file = io.BytesIO()
        Image.effect_noise((64, 64), 90).convert("RGB").save(file, "PNG")
        with platform.upload(author) as upload:
            upload.write(file.getvalue())
            draft = upload.finish("x.png")
        item = platform.publish(
            author, title="t", text="", declaration=Declaration(Declared.AI_GENERATED), draft_id=draft.id
        )
        print(item.id, flush=True)
"""


def publish_until_killed(settings: Settings, after: int, delay: float) -> list[str]:
    """Returns the numbers of the items that the killed process had acknowledged."""
    environment = os.environ | {"YINJI_DATA_DIR": str(settings.data_dir), "YINJI_DATABASE_URL": settings.database_url}
    process = subprocess.Popen([sys.executable, "-c", PUBLISHER], stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    acknowledged = [process.stdout.readline().strip() for _ in range(after)]
    threading.Event().wait(delay)
    process.send_signal(signal.SIGKILL)
    acknowledged += [line for line in process.stdout.read().splitlines() if len(line) == 36]
    process.wait(30)
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    return acknowledged


def test_killed_while_publishing(platform: Platform, author: Account, settings: Settings, raw: Engine) -> None:
    chance = random.Random(20261123)
    acknowledged: list[str] = []
    for _ in range(KILLS):
        acknowledged += publish_until_killed(settings, chance.randint(1, 4), chance.uniform(0, 0.05))
        length, _ = platform.audit_verify()
        assert length > 0
    assert len(acknowledged) == len(set(acknowledged)) >= KILLS

    for item_id in acknowledged:
        item, file = platform.item(item_id), platform.served_file(item_id)
        data = file.path.read_bytes()
        assert hashlib.sha256(data).hexdigest() == file.sha256
        assert item.propagation["state"] == "written"
        assert item.id.encode() in data

    def subjects(event: str) -> set[str]:
        query = text("SELECT subject FROM audit_entries WHERE event = :event")
        return set(connection.execute(query, {"event": event}).scalars())

    with raw.connect() as connection:
        stored = set(connection.execute(text("SELECT id FROM items")).scalars())
        drafts = set(connection.execute(text("SELECT id FROM drafts")).scalars())
        assert drafts == subjects("draft.checked")
        for event in ("item.published", "item.decided", "item.propagated"):
            assert subjects(event) == stored
    assert set(acknowledged) <= stored
    for item_id in stored:
        assert platform.served_file(item_id).path.exists()

    platform.tidy(thorough=True)
    for item_id in stored:
        assert platform.served_file(item_id).path.exists()
