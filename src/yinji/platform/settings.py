"""What an operator can set, from ``YINJI_*`` environment variables."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, Self, TypeVar
from urllib.parse import urlsplit

from yinji.errors import UsageError, YinjiError
from yinji.labels.codes import ProviderCode
from yinji.limits import MIB
from yinji.platform.oidc.settings import OidcSettings
from yinji.platform.retention import RetentionNotOver, least
from yinji.texts import Text

T = TypeVar("T")

SAMPLE_PROPAGATOR: Final = "001191110000MA0TE5T00Q20001"
"""Code of a firm that does not exist: fit for trying things out, not for a real site."""

_SITE_NAME: Final = Text("印记", "Yinji")
_LOG_STYLES: Final = ("off", "console", "json")
_YES: Final = frozenset(("1", "yes", "true", "on"))
_NO: Final = frozenset(("0", "no", "false", "off"))
_SIZE_UNITS: Final = {"": 1, "B": 1, "KIB": 1024, "MIB": 1024**2, "GIB": 1024**3}
_TIME_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Settings:
    """One site.

    Attributes:
        data_dir: Folder for the files and, by default, the database (``YINJI_DATA_DIR``).
        database_url: ``sqlite:///PATH`` or ``postgresql://…`` (``YINJI_DATABASE_URL``); "" is SQLite in ``data_dir``.
        site_name: Name of the site in both languages (``YINJI_SITE_NAME_ZH``, ``YINJI_SITE_NAME_EN``).
        propagator: The site's own 27-character code, TC260-PG-20252A (``YINJI_PROPAGATOR``).
        regime: Rules that decide (``YINJI_REGIME``).
        max_upload_bytes: Largest upload (``YINJI_MAX_UPLOAD_BYTES``, "200MiB").
        max_open_drafts: Unpublished uploads one account may hold at a time (``YINJI_MAX_OPEN_DRAFTS``).
        draft_lifetime: After this an unpublished upload is removed (``YINJI_DRAFT_LIFETIME``, "24h").
        session_lifetime: After this everybody signs in again (``YINJI_SESSION_LIFETIME``, "30d").
        session_idle: The same for sessions that are not used (``YINJI_SESSION_IDLE``, "12h").
        break_credentials: Write the propagation label also where a C2PA manifest in the file will then no longer verify
            (``YINJI_BREAK_CREDENTIALS``, "yes"). Otherwise such files are served as they came, and the item says why.
        open_registration: Whether anybody may open an author's account (``YINJI_OPEN_REGISTRATION``, "yes").
        log: How requests are logged on stderr: ``off``, ``console`` or ``json`` (``YINJI_LOG``).
        public_url: Address of the site as readers see it, or "" (``YINJI_PUBLIC_URL``).
        workers: Tasks that the server itself does at a time (``YINJI_WORKERS``); 0 leaves them all to ``yinji worker``.
        blobs: Where files live: "" is a folder in ``data_dir``, ``s3://bucket/prefix`` an object store
            (``YINJI_BLOBS``). Its keys come from ``AWS_ACCESS_KEY_ID`` and ``AWS_SECRET_ACCESS_KEY``, or from the role
            of the machine.
        s3_endpoint: Address of an object store that is not AWS's (``YINJI_S3_ENDPOINT``).
        s3_region: Its region, where it has any (``YINJI_S3_REGION``).
        s3_virtual_host: The bucket is part of the host name, as Alibaba Cloud OSS wants it (``YINJI_S3_VIRTUAL_HOST``).
        webhook_private: Whether webhooks may go to private networks, and over plain HTTP
            (``YINJI_WEBHOOK_PRIVATE``, "yes").
        blob_cache_bytes: Disk for the cache in front of the object store (``YINJI_BLOB_CACHE_BYTES``, "10GiB").
        audit_key: File of the key that signs the log's checkpoints (``YINJI_AUDIT_KEY``); "" is one in ``data_dir``. It
            is made on first use and named after the host of ``public_url``; servers of one site share it.
        tsa_url: Time-stamping authority (RFC 3161) that stamps a checkpoint every hour, or "" (``YINJI_TSA_URL``).
        tsa_roots: Its root certificates, a PEM file (``YINJI_TSA_ROOTS``); without them no stamp is believed.
        retention: How long evidence is kept, never under 184 days (``YINJI_RETENTION``, "365d").
        agreements: Folder with the site's own agreements, ``terms/DATE.toml`` and ``unmarked/DATE.toml``, in place of
            ours (``YINJI_AGREEMENTS``).
        oidc: The provider with whose accounts people and programs may sign in, or None (``YINJI_OIDC_*``,
            :mod:`.oidc.settings`).
    """

    data_dir: Path = field(default_factory=lambda: _default_data_dir(os.environ))
    database_url: str = ""
    site_name: Text = _SITE_NAME
    propagator: str = SAMPLE_PROPAGATOR
    regime: str = "cn"
    max_upload_bytes: int = 200 * MIB
    max_open_drafts: int = 50
    draft_lifetime: timedelta = timedelta(hours=24)
    session_lifetime: timedelta = timedelta(days=30)
    session_idle: timedelta = timedelta(hours=12)
    break_credentials: bool = False
    open_registration: bool = True
    log: str = "off"
    public_url: str = ""
    workers: int = 2
    blobs: str = ""
    s3_endpoint: str = ""
    s3_region: str = ""
    s3_virtual_host: bool = False
    webhook_private: bool = False
    blob_cache_bytes: int = 10 * 1024 * MIB
    audit_key: str = ""
    tsa_url: str = ""
    tsa_roots: str = ""
    retention: timedelta = field(default_factory=least)
    agreements: str = ""
    oidc: OidcSettings | None = None

    def __post_init__(self) -> None:
        try:
            ProviderCode.parse(self.propagator)
        except YinjiError as error:
            raise _bad("YINJI_PROPAGATOR", self.propagator, "a 27-character code") from error
        if self.database_url and not re.match(r"(sqlite|postgresql)(\+\w+)?://", self.database_url):
            raise _bad("YINJI_DATABASE_URL", _scheme(self.database_url), "sqlite:///PATH, postgresql://…")
        if self.public_url and urlsplit(self.public_url).scheme not in ("http", "https"):
            raise _bad("YINJI_PUBLIC_URL", self.public_url, "https://…")
        if self.blobs and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+(/[\w!.*'()/-]*)?", self.blobs):
            raise _bad("YINJI_BLOBS", self.blobs, "s3://bucket/prefix")
        if self.s3_endpoint and urlsplit(self.s3_endpoint).scheme not in ("http", "https"):
            raise _bad("YINJI_S3_ENDPOINT", self.s3_endpoint, "https://…")
        for name in ("max_upload_bytes", "max_open_drafts"):
            if getattr(self, name) < 1:
                raise _bad(f"YINJI_{name.upper()}", str(getattr(self, name)), "1, 2, 3 …")
        for name in ("draft_lifetime", "session_lifetime", "session_idle"):
            if getattr(self, name) <= timedelta(0):
                raise _bad(f"YINJI_{name.upper()}", str(getattr(self, name)), "30m, 24h, 7d")

        if self.tsa_url and urlsplit(self.tsa_url).scheme not in ("http", "https"):
            raise _bad("YINJI_TSA_URL", self.tsa_url, "https://…")
        if self.tsa_url and not self.tsa_roots:
            raise _bad("YINJI_TSA_ROOTS", self.tsa_roots, "/etc/yinji/tsa-roots.pem")
        if self.retention < least():
            raise RetentionNotOver("retention-too-short", days=self.retention.days, least=least().days)

    @property
    def sqlalchemy_url(self) -> str:
        """The database's address with the driver that this package uses."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir.absolute() / 'yinji.sqlite3'}"
        return re.sub(r"^postgresql(\+\w+)?://", "postgresql+psycopg://", self.database_url)

    @property
    def audit_key_file(self) -> Path:
        """Where the key that signs checkpoints is kept."""
        return Path(self.audit_key) if self.audit_key else self.data_dir / "audit" / "signer.key"

    @property
    def is_sample_propagator(self) -> bool:
        """Whether the site still writes the code of a firm that does not exist; surfaces say so."""
        return self.propagator == SAMPLE_PROPAGATOR

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Reads the settings.

        Raises:
            UsageError: A value cannot be understood; the error names the variable.
        """
        env = os.environ if environment is None else environment
        default = cls(data_dir=_default_data_dir(env))

        def setting(name: str, parse: Callable[[str, str], T], otherwise: T) -> T:
            text = env.get(name, "").strip()
            return parse(name, text) if text else otherwise

        return cls(
            data_dir=default.data_dir,
            database_url=setting("YINJI_DATABASE_URL", _text, default.database_url),
            site_name=Text(
                setting("YINJI_SITE_NAME_ZH", _text, default.site_name.zh),
                setting("YINJI_SITE_NAME_EN", _text, default.site_name.en),
            ),
            propagator=setting("YINJI_PROPAGATOR", _text, default.propagator),
            regime=setting("YINJI_REGIME", _text, default.regime),
            max_upload_bytes=setting("YINJI_MAX_UPLOAD_BYTES", _size, default.max_upload_bytes),
            max_open_drafts=setting("YINJI_MAX_OPEN_DRAFTS", _count, default.max_open_drafts),
            draft_lifetime=setting("YINJI_DRAFT_LIFETIME", _duration, default.draft_lifetime),
            session_lifetime=setting("YINJI_SESSION_LIFETIME", _duration, default.session_lifetime),
            session_idle=setting("YINJI_SESSION_IDLE", _duration, default.session_idle),
            break_credentials=setting("YINJI_BREAK_CREDENTIALS", _yes_or_no, default.break_credentials),
            open_registration=setting("YINJI_OPEN_REGISTRATION", _yes_or_no, default.open_registration),
            log=setting("YINJI_LOG", _log_style, default.log),
            public_url=setting("YINJI_PUBLIC_URL", _text, default.public_url).rstrip("/"),
            workers=setting("YINJI_WORKERS", _count, default.workers),
            blobs=setting("YINJI_BLOBS", _text, default.blobs),
            s3_endpoint=setting("YINJI_S3_ENDPOINT", _text, default.s3_endpoint),
            s3_region=setting("YINJI_S3_REGION", _text, default.s3_region),
            s3_virtual_host=setting("YINJI_S3_VIRTUAL_HOST", _yes_or_no, default.s3_virtual_host),
            webhook_private=setting("YINJI_WEBHOOK_PRIVATE", _yes_or_no, default.webhook_private),
            blob_cache_bytes=setting("YINJI_BLOB_CACHE_BYTES", _size, default.blob_cache_bytes),
            audit_key=setting("YINJI_AUDIT_KEY", _text, default.audit_key),
            tsa_url=setting("YINJI_TSA_URL", _text, default.tsa_url),
            tsa_roots=setting("YINJI_TSA_ROOTS", _text, default.tsa_roots),
            retention=setting("YINJI_RETENTION", _duration, default.retention),
            agreements=setting("YINJI_AGREEMENTS", _text, default.agreements),
            oidc=OidcSettings.from_environment(env),
        )


def _default_data_dir(env: Mapping[str, str]) -> Path:
    if chosen := env.get("YINJI_DATA_DIR", "").strip():
        return Path(chosen)
    base = env.get("XDG_DATA_HOME", "").strip()
    return (Path(base) if base else Path.home() / ".local" / "share") / "yinji"


def _bad(name: str, value: str, examples: str) -> UsageError:
    return UsageError("setting", name=name, value=value, examples=examples)


def _scheme(url: str) -> str:
    """Shows a database address without the password that may be in it."""
    return url.partition("://")[0] + "://…" if "://" in url else url


def _text(_name: str, text: str) -> str:
    return text


def _log_style(name: str, text: str) -> str:
    if text.lower() not in _LOG_STYLES:
        raise _bad(name, text, ", ".join(_LOG_STYLES))
    return text.lower()


def _yes_or_no(name: str, text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise _bad(name, text, "yes, no")
    return text.lower() in _YES


def _count(name: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise _bad(name, text, "1, 2, 3 …")
    return int(text)


def _size(name: str, text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,15})\s*([KMG]iB|B)?", text, re.IGNORECASE)
    if match is None:
        raise _bad(name, text, "200MiB, 1GiB, 1048576")
    return int(match[1]) * _SIZE_UNITS[(match[2] or "").upper()]


def _duration(name: str, text: str) -> timedelta:
    match = re.fullmatch(r"([0-9]{1,6})\s*([smhd])", text)
    if match is None:
        raise _bad(name, text, "30m, 24h, 7d")
    return timedelta(**{_TIME_UNITS[match[2]]: int(match[1])})
