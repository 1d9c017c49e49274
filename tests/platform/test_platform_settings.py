"""Settings from the environment: understood or refused by name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from yinji.errors import UsageError
from yinji.platform.settings import SAMPLE_PROPAGATOR, Settings
from yinji.texts import Text


def test_defaults(tmp_path: Path) -> None:
    settings = Settings.from_environment({"YINJI_DATA_DIR": str(tmp_path)})
    assert settings == Settings(data_dir=tmp_path)
    assert settings.sqlalchemy_url == f"sqlite:///{tmp_path}/yinji.sqlite3"
    assert settings.max_upload_bytes == 200 * 1024 * 1024
    assert settings.propagator == SAMPLE_PROPAGATOR
    assert settings.is_sample_propagator


def test_everything_can_be_set(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {
            "YINJI_DATA_DIR": str(tmp_path),
            "YINJI_DATABASE_URL": "postgresql://u:p@db/yinji",
            "YINJI_SITE_NAME_ZH": "青禾",
            "YINJI_SITE_NAME_EN": "Qinghe",
            "YINJI_PROPAGATOR": "001191110000MA0TE5T00Q20002",
            "YINJI_REGIME": "cn",
            "YINJI_MAX_UPLOAD_BYTES": "1GiB",
            "YINJI_MAX_OPEN_DRAFTS": "3",
            "YINJI_DRAFT_LIFETIME": "90m",
            "YINJI_SESSION_LIFETIME": "7d",
            "YINJI_SESSION_IDLE": "30m",
            "YINJI_BREAK_CREDENTIALS": "yes",
            "YINJI_PUBLIC_URL": "https://example.cn/",
        }
    )
    assert settings == Settings(
        data_dir=tmp_path,
        database_url="postgresql://u:p@db/yinji",
        site_name=Text("青禾", "Qinghe"),
        propagator="001191110000MA0TE5T00Q20002",
        max_upload_bytes=1024**3,
        max_open_drafts=3,
        draft_lifetime=timedelta(minutes=90),
        session_lifetime=timedelta(days=7),
        session_idle=timedelta(minutes=30),
        break_credentials=True,
        public_url="https://example.cn",
    )
    assert settings.sqlalchemy_url == "postgresql+psycopg://u:p@db/yinji"
    assert not settings.is_sample_propagator


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("YINJI_PROPAGATOR", "0011"),
        ("YINJI_PROPAGATOR", "青禾画室"),
        ("YINJI_DATABASE_URL", "mysql://x"),
        ("YINJI_DATABASE_URL", "yinji.db"),
        ("YINJI_MAX_UPLOAD_BYTES", "many"),
        ("YINJI_MAX_UPLOAD_BYTES", "0"),
        ("YINJI_MAX_UPLOAD_BYTES", "-1"),
        ("YINJI_MAX_OPEN_DRAFTS", "0"),
        ("YINJI_DRAFT_LIFETIME", "24"),
        ("YINJI_DRAFT_LIFETIME", "0h"),
        ("YINJI_SESSION_IDLE", "forever"),
        ("YINJI_BREAK_CREDENTIALS", "perhaps"),
        ("YINJI_PUBLIC_URL", "example.cn"),
    ],
)
def test_what_cannot_be_understood_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(UsageError) as caught:
        Settings.from_environment({"YINJI_DATA_DIR": str(tmp_path), name: value})
    assert name in caught.value.text.zh
    assert name in caught.value.text.en
    assert caught.value.advice.zh


def test_a_password_in_a_database_address_is_never_shown(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        Settings.from_environment({"YINJI_DATA_DIR": str(tmp_path), "YINJI_DATABASE_URL": "mysql://u:secret@h/x"})
    assert "secret" not in str(caught.value) + repr(caught.value.details)
