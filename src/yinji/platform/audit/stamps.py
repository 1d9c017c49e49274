"""RFC 3161 time stamps on checkpoints: somebody else's word for when the log was what it was. Optional."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from cryptography import x509
from sqlalchemy import select, update

from yinji.errors import MissingExtra, StorageError
from yinji.platform import instants
from yinji.platform.errors import AuditBroken
from yinji.platform.schema import audit_checkpoints
from yinji.platform.settings import Settings

if TYPE_CHECKING:
    from yinji.platform.database import Database

MAX_STAMP: Final = 65_536
"""Bytes of a time stamp."""

Post = Callable[[str, bytes], bytes]
"""Sends a request to an address and returns the answer, of at most :data:`MAX_STAMP` bytes and one."""


class Stamps:
    """Has checkpoints stamped by the authority that the operator chose."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    def stamp(self, post: Post) -> int | None:
        """Has the newest checkpoint stamped, unless it is or no authority was chosen.

        Args:
            post: How requests are sent; the platform itself has no network.

        Returns:
            The size of the checkpoint that was stamped, or None.

        Raises:
            MissingExtra: ``rfc3161-client`` is not installed.
            StorageError: The authority's certificates cannot be read, or it did not answer.
            AuditBroken: Its answer is no stamp of this checkpoint.
        """
        table = audit_checkpoints
        if not self._settings.tsa_url:
            return None
        with self._database.read() as connection:
            newest = connection.execute(select(table).order_by(table.c.size.desc()).limit(1)).one_or_none()
        if newest is None or newest.stamp:
            return None
        note, roots = newest.note.encode(), certificates(Path(self._settings.tsa_roots))
        answer = post(self._settings.tsa_url, _request(note))
        stamped_at = verified(answer, note, roots)
        with self._database.write() as connection:
            fresh = (table.c.size == newest.size) & (table.c.stamp == "")
            values = {"stamp": answer.hex(), "stamped_at": stamped_at}
            connection.execute(update(table).where(fresh).values(values))
        return int(newest.size)


def certificates(place: Path) -> list[x509.Certificate]:
    """Reads the root certificates of a time-stamping authority, PEM.

    Raises:
        StorageError: The file cannot be read, or holds no certificate.
    """
    try:
        return x509.load_pem_x509_certificates(place.read_bytes())
    except OSError as error:
        raise StorageError("folder", path=place, reason=error.strerror) from error
    except ValueError as error:
        raise StorageError("audit-stamp-roots", path=place) from error


def verified(stamp: bytes, note: bytes, roots: list[x509.Certificate]) -> datetime:
    """Returns when a checkpoint was stamped.

    Args:
        stamp: The authority's answer, DER.
        note: The signed checkpoint that it must be about.
        roots: Whom to believe.

    Raises:
        MissingExtra: ``rfc3161-client`` is not installed.
        AuditBroken: It is no stamp of this checkpoint by one of these authorities.
    """
    client = _client()
    try:
        if len(stamp) > MAX_STAMP:
            raise ValueError("too long")
        response = client.decode_timestamp_response(stamp)
        builder = client.VerifierBuilder(roots=list(roots))
        builder.build().verify_message(response, note)
        at: datetime = response.tst_info.gen_time
    except (client.VerificationError, ValueError) as error:
        raise AuditBroken("audit-stamp", reason=str(error)) from error
    return at.astimezone(instants.now().tzinfo)


def _request(note: bytes) -> bytes:
    client = _client()
    builder = client.TimestampRequestBuilder(data=note, hash_algorithm=client.HashAlgorithm.SHA256)
    request: bytes = builder.build().as_bytes()
    return request


def _client() -> ModuleType:
    try:
        import rfc3161_client
    except ImportError:
        raise MissingExtra("missing-extra", extra="tsa", names="rfc3161-client") from None
    return rfc3161_client
