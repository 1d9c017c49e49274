"""The platform's values as JSON: what the API and the ``.json`` twins of the pages give out."""

from __future__ import annotations

from typing import Any

from yinji.platform.agreements.texts import Agreement
from yinji.platform.api_keys import ApiKey
from yinji.platform.audit.door import Consistency, Inclusion
from yinji.platform.marking import VisibleLabel
from yinji.platform.model import Account, AuditEntry, Draft, Item
from yinji.platform.policy import Policy
from yinji.platform.unmarked import UnmarkedCopy
from yinji.server.formatting import machine_time
from yinji.server.sinks import Checked


def account(value: Account) -> dict[str, Any]:
    """Returns what anybody may know of an account."""
    return {"id": value.id, "name": value.name, "display_name": value.display_name}


def own_account(value: Account) -> dict[str, Any]:
    """Returns what somebody may know of their own account."""
    return account(value) | {"role": str(value.role), "created_at": machine_time(value.created_at)}


def api_key(value: ApiKey) -> dict[str, Any]:
    """Returns a key without its secret."""
    return {
        "id": value.id,
        "name": value.name,
        "ends_with": value.ends_with,
        "created_at": machine_time(value.created_at),
        "used_at": machine_time(value.used_at) if value.used_at else None,
        "expires_at": machine_time(value.expires_at) if value.expires_at else None,
    }


def policy(value: Policy) -> dict[str, Any]:
    """Returns one version of what the operator decided."""
    at = machine_time(value.at) if value.at else None
    return value.to_dict() | {"number": value.number, "at": at, "actor": value.actor}


def draft(value: Draft) -> dict[str, Any]:
    """Returns an upload that is not published yet."""
    return {
        "id": value.id,
        "filename": value.filename,
        "media_type": value.media_type,
        "kind": value.kind,
        "size": value.size,
        "sha256": value.sha256,
        "report": value.report,
        "created_at": machine_time(value.created_at),
        "expires_at": machine_time(value.expires_at),
    }


def item(value: Item) -> dict[str, Any]:
    """Returns an item with its report, its verdict and its history."""
    file = {
        "filename": value.filename,
        "media_type": value.media_type,
        "size": value.size,
        "sha256": value.sha256,
    }
    return {
        "id": value.id,
        "author": account(value.author),
        "title": value.title,
        "text": value.text,
        "kind": value.kind,
        "file": file if value.filename else None,
        "served_href": f"/v1/items/{value.id}/file",
        "annotation": value.annotation,
        "declaration": {
            "choice": str(value.declaration.choice),
            "note": value.declaration.note,
            "statement": value.declaration.statement,
        },
        "report": value.report,
        "propagation": value.propagation,
        "published_at": machine_time(value.published_at),
        "updated_at": machine_time(value.updated_at),
        "history": [
            {"at": machine_time(c.at), "actor": c.actor, "event": c.event, "detail": c.detail} for c in value.history
        ],
    }


def visible_label(value: VisibleLabel | None) -> dict[str, Any]:
    """Returns where the visible label of an item is."""
    if value is None:
        return {"state": "none", "updated_at": None, "percent": 0, "drawn": None, "reason": None}
    return {
        "state": value.state,
        "updated_at": machine_time(value.updated_at),
        "percent": value.percent,
        "drawn": value.drawn,
        "reason": value.reason,
    }


def checked(value: Checked) -> dict[str, Any]:
    """Returns what a file says that was only looked at."""
    return {"filename": value.filename, "size": value.size, "report": value.report}


def audit_entry(value: AuditEntry) -> dict[str, Any]:
    """Returns one line of the log, its body as stored."""
    return {
        "index": value.index,
        "at": machine_time(value.at),
        "actor": value.actor,
        "event": value.event,
        "subject": value.subject,
        "body": value.body,
        "leaf_hash": value.leaf_hash,
        "chain_hash": value.chain_hash,
    }


def inclusion(value: Inclusion) -> dict[str, Any]:
    """Returns the proof that an entry is in a tree, hashes in hexadecimal."""
    return {
        "index": value.index,
        "size": value.size,
        "leaf_hash": value.leaf.hex(),
        "path": [node.hex() for node in value.path],
        "root": value.root.hex(),
    }


def consistency(value: Consistency) -> dict[str, Any]:
    """Returns the proof that a tree begins with a smaller one, hashes in hexadecimal."""
    return {
        "old_size": value.old,
        "new_size": value.new,
        "path": [node.hex() for node in value.path],
        "old_root": value.old_root.hex(),
        "new_root": value.new_root.hex(),
    }


def agreement(value: Agreement) -> dict[str, Any]:
    """Returns one version of an agreement, in both languages."""
    sections = [
        {
            "zh": {"title": section.title.zh, "paragraphs": [words.zh for words in section.paragraphs]},
            "en": {"title": section.title.en, "paragraphs": [words.en for words in section.paragraphs]},
        }
        for section in value.sections
    ]
    return {
        "name": value.name,
        "version": value.version,
        "sha256": value.sha256,
        "title": {"zh": value.title.zh, "en": value.title.en},
        "sections": sections,
    }


def unmarked_copy(value: UnmarkedCopy) -> dict[str, Any]:
    """Returns the record of a copy without the explicit label."""
    return {
        "id": value.id,
        "item_id": value.item_id,
        "account_id": value.account_id,
        "agreement": value.agreement,
        "sha256": value.sha256,
        "size": value.size,
        "label": value.label,
        "at": machine_time(value.at),
        "keep_until": machine_time(value.keep_until),
        "href": f"/v1/items/{value.item_id}/unmarked/{value.id}",
    }
