"""The audit log: append-only entries as an RFC 6962 tree, signed checkpoints, C2SP tiles, proofs and time stamps.

``tree``, ``tiles`` and ``notes`` are pure; ``log`` writes and reads the tables; ``key`` keeps the signing key;
``checkpoints`` signs and remembers; ``bundle`` writes the log out, and ``verifying`` checks such a copy without any
database of ours.
"""

from __future__ import annotations

from yinji.platform.audit.log import GENESIS, MAX_BODY, SYSTEM, AuditLog

__all__ = ("GENESIS", "MAX_BODY", "SYSTEM", "AuditLog")
