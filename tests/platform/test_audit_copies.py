"""Copies of the log: whole, checkable by strangers, and every change to them is caught and named."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from audit_logs import fill, unguard
from yinji.errors import StorageError, YinjiError
from yinji.platform.audit import AuditLog, tree
from yinji.platform.audit.door import Audit
from yinji.platform.audit.notes import Checkpoint, Signer, Verifier
from yinji.platform.audit.tiles import pack_entries, unpack_entries
from yinji.platform.audit.verifying import in_folder, verify_copy
from yinji.platform.database import Database
from yinji.platform.errors import AuditBroken, NotFound
from yinji.platform.settings import Settings

SCRIPT = Path(__file__).parents[2] / "examples" / "verify_audit_log.py"
SIZE = 600


@pytest.fixture
def log(database: Database) -> AuditLog:
    return AuditLog(database)


@pytest.fixture
def audit(database: Database, log: AuditLog, settings: Settings) -> Audit:
    return Audit(database, log, settings)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 600 entries written out, once; tests change copies of it."""
    folder = tmp_path_factory.mktemp("log")
    settings = Settings(data_dir=folder, public_url="https://yinji.example:8443/x")
    database = Database.open(settings.sqlalchemy_url)
    log = AuditLog(database)
    audit = Audit(database, log, settings)
    fill(database, log, 300)
    (folder / "older").write_text(audit.checkpoints.current())
    fill(database, log, SIZE - 300)
    audit.write_copy(folder / "copy")
    database.close()
    return folder


@pytest.fixture
def copy(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported / "copy", tmp_path / "copy"))


def verified(copy: Path, *older: str) -> Checkpoint:
    fetch = in_folder(copy)
    return verify_copy(fetch, Verifier.parse(fetch("vkey").decode()), older=older).checkpoint


def script(copy: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-I", SCRIPT, copy], capture_output=True, text=True, timeout=60)


def test_a_copy_is_whole_and_named_after_the_site(exported: Path, copy: Path) -> None:
    checkpoint = verified(copy, (exported / "older").read_text())
    assert (checkpoint.origin, checkpoint.size) == ("yinji.example:8443", SIZE)
    files = sorted(str(p.relative_to(copy)) for p in copy.rglob("*") if p.is_file())
    assert files == sorted(
        ["README.txt", "checkpoint", "vkey", "checkpoints/600", "tile/1/000.p/2"]
        + [f"tile/{level}/{n}" for level in ("0", "entries") for n in ("000", "001", "002.p/88")]
    )


def test_the_key_is_made_once_and_for_its_owner_alone(exported: Path, settings: Settings, audit: Audit) -> None:
    place = exported / "audit" / "signer.key"
    assert place.stat().st_mode & 0o777 == 0o600
    assert audit.verifier.name == "localhost"
    again = Audit(audit._database, audit._log, settings)
    assert again.verifier == audit.verifier
    settings.audit_key_file.chmod(0o640)
    with pytest.raises(StorageError) as caught:
        Audit(audit._database, audit._log, settings).verifier  # noqa: B018
    assert caught.value.code == "audit-key-readable"
    settings.audit_key_file.chmod(0o600)
    settings.audit_key_file.write_text("PRIVATE+KEY+x")
    with pytest.raises(StorageError) as caught:
        Audit(audit._database, audit._log, settings).verifier  # noqa: B018
    assert caught.value.code == "audit-key-broken"


def test_a_stranger_needs_nothing_but_python(copy: Path) -> None:
    done = script(copy)
    assert done.returncode == 0, done.stderr
    assert f"{SIZE} entries of yinji.example:8443" in done.stdout
    assert verified(copy).root.hex() in done.stdout


def bundle(copy: Path, name: str, change: Callable[[list[bytes]], None]) -> None:
    place = copy / "tile" / "entries" / name
    entries = list(unpack_entries(place.read_bytes()))
    change(entries)
    place.write_bytes(pack_entries(entries))


def edit(entries: list[bytes]) -> None:
    entries[44] = entries[44].replace(b'"system"', b'"sysiem"')


def drop(entries: list[bytes]) -> None:
    del entries[3]


def swap(entries: list[bytes]) -> None:
    entries[1], entries[2] = entries[2], entries[1]


def double(entries: list[bytes]) -> None:
    entries.insert(5, entries[5])


def write(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda copy: (copy / name).write_bytes(content) and None


def respell(copy: Path) -> None:
    """Changes an entry and, carefully, the hash that the tile gives for it."""
    bundle(copy, "000", edit)
    entry = unpack_entries((copy / "tile/entries/000").read_bytes())[44]
    tile = bytearray((copy / "tile/0/000").read_bytes())
    tile[44 * 32 : 45 * 32] = tree.leaf_hash(entry)
    (copy / "tile/0/000").write_bytes(tile)


def shorten(copy: Path) -> None:
    (copy / "checkpoint").write_bytes((copy / "checkpoint").read_bytes().replace(b"\n600\n", b"\n599\n"))


CHANGES: dict[str, tuple[Callable[[Path], object], str, int | None]] = {
    "edited": (lambda copy: bundle(copy, "000", edit), "audit-changed", 44),
    "edited with its hash": (respell, "audit-tile", None),
    "dropped": (lambda copy: bundle(copy, "001", drop), "audit-missing", 511),
    "swapped": (lambda copy: bundle(copy, "002.p/88", swap), "audit-changed", 513),
    "doubled": (lambda copy: bundle(copy, "000", double), "audit-missing", 256),
    "cut": (write("tile/entries/000", b"\x00\x05abc"), "audit-tile", None),
    "no hashes": (write("tile/0/000", b"abc"), "audit-tile", None),
    "another tile above": (write("tile/1/000.p/2", b"\x00" * 64), "audit-tile", None),
    "file gone": (lambda copy: (copy / "tile/entries/001").unlink(), "audit-copy-missing", None),
    "checkpoint changed": (shorten, "audit-signature", None),
    "checkpoint binary": (write("checkpoint", b"\xff"), "audit-note", None),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_changes_to_a_copy_are_caught_and_named(copy: Path, name: str) -> None:
    change, code, index = CHANGES[name]
    change(copy)
    with pytest.raises(AuditBroken) as caught:
        verified(copy)
    assert caught.value.code == code
    assert caught.value.details.get("index") == index


@pytest.mark.parametrize("name", ["edited", "dropped", "swapped", "doubled", "file gone", "checkpoint changed"])
def test_the_script_catches_them_too(copy: Path, name: str) -> None:
    CHANGES[name][0](copy)
    assert script(copy).returncode != 0


def test_a_log_that_was_rewritten_is_caught_by_whoever_kept_a_checkpoint(exported: Path, copy: Path) -> None:
    """The owner rewrites an entry, the tree above it, and signs anew: everything fits, but not the past."""
    older = (exported / "older").read_text()
    signer = Signer.from_text((exported / "audit" / "signer.key").read_text())
    edge, leaves = tree.Frontier(), []
    for name in ("000", "001", "002.p/88"):
        if name == "000":
            bundle(copy, name, edit)
        hashes = [tree.leaf_hash(e) for e in unpack_entries((copy / "tile/entries" / name).read_bytes())]
        (copy / "tile/0" / name).write_bytes(b"".join(hashes))
        leaves += hashes
    above = [node for leaf in leaves for level, _, node in edge.append(leaf) if level == 8]
    (copy / "tile/1/000.p/2").write_bytes(b"".join(above))
    note = signer.sign(Checkpoint(signer.name, SIZE, edge.root()).to_text())
    original = (copy / "checkpoint").read_text()
    (copy / "checkpoint").write_text(note)
    assert verified(copy).size == SIZE
    assert script(copy).returncode == 0
    with pytest.raises(AuditBroken) as caught:
        verified(copy, older)
    assert (caught.value.code, caught.value.details["size"]) == ("audit-rewritten", 300)
    with pytest.raises(AuditBroken) as caught:
        verified(copy, original)
    assert caught.value.code == "audit-two-roots"
    (copy / "checkpoint").write_text(older)
    with pytest.raises(AuditBroken) as caught:
        verified(copy, original)
    assert caught.value.code == "audit-shortened"


def test_a_copy_is_brought_up_to_date(database: Database, log: AuditLog, audit: Audit, tmp_path: Path) -> None:
    for _ in range(3):
        fill(database, log, 130)
        size, note = audit.write_copy(tmp_path / "copy")
        assert verified(tmp_path / "copy") == Checkpoint.opened(note, audit.verifier)
        assert size == log.verify().size
    assert sorted(p.name for p in (tmp_path / "copy/checkpoints").iterdir()) == ["130", "260", "390"]


def test_tiles_and_proofs_come_from_the_tables(database: Database, log: AuditLog, audit: Audit) -> None:
    fill(database, log, 270)
    proof = audit.inclusion(None, 7, 269)
    assert tree.root_of_inclusion(proof.leaf, 7, 269, proof.path) == proof.root
    grown = audit.consistency(None, 256)
    assert grown.new == 270
    assert tree.is_consistent(256, grown.old_root, 270, grown.new_root, grown.path)
    for index, size in ((270, None), (0, 271)):
        with pytest.raises(NotFound):
            audit.inclusion(None, index, size)
    with pytest.raises(NotFound):
        audit.consistency(None, 3, 271)


def rewrite_tail(raw: Engine) -> None:
    """What the owner of a database can do: changes the last entry and everything that hangs on it."""
    unguard(raw, "audit_entries")
    unguard(raw, "audit_head")
    with raw.begin() as connection:
        rows = connection.execute(text("SELECT * FROM audit_entries ORDER BY position")).mappings().all()
        *kept, last = rows
        body = last["body"].replace('"n":4', '"n":7')
        leaf = hashlib.sha256(b"\x00" + body.encode()).digest()
        chain = hashlib.sha256(bytes.fromhex(kept[-1]["chain_hash"]) + leaf).hexdigest()
        edge = tree.Frontier()
        for row in kept:
            edge.append(bytes.fromhex(row["leaf_hash"]))
        edge.append(leaf)
        connection.execute(
            text("UPDATE audit_entries SET body = :body, leaf_hash = :leaf, chain_hash = :chain WHERE position = 4"),
            {"body": body, "leaf": leaf.hex(), "chain": chain},
        )
        connection.execute(
            text("UPDATE audit_head SET chain_hash = :chain, frontier = :edge"), {"chain": chain, "edge": edge.hex()}
        )


def test_a_tail_rewritten_with_all_that_hangs_on_it_looks_whole_without_a_checkpoint(
    database: Database, log: AuditLog, audit: Audit, raw: Engine
) -> None:
    fill(database, log, 5)
    rewrite_tail(raw)
    assert log.verify().size == 5


def test_the_site_signs_nothing_that_its_own_checkpoint_denies(
    database: Database, log: AuditLog, audit: Audit, raw: Engine
) -> None:
    fill(database, log, 5)
    audit.checkpoints.remember()
    rewrite_tail(raw)
    with pytest.raises(AuditBroken) as caught:
        log.verify()
    assert (caught.value.code, caught.value.details["size"]) == ("audit-rewritten", 5)
    unguard(raw, "audit_checkpoints")
    with raw.begin() as connection:
        connection.execute(text("DELETE FROM audit_checkpoints"))
    for refused in (audit.checkpoints.current, audit.checkpoints.remember, audit.examine):
        with pytest.raises(AuditBroken) as caught:
            refused()
        assert caught.value.code == "audit-rewritten"
    audit.checkpoints.watch()


def test_a_log_cut_short_is_caught_by_the_checkpoint(
    database: Database, log: AuditLog, audit: Audit, raw: Engine
) -> None:
    fill(database, log, 5)
    audit.checkpoints.remember()
    unguard(raw, "audit_entries")
    unguard(raw, "audit_head")
    edge, chain = tree.Frontier(), ""
    for entry in list(log.export())[:3]:
        edge.append(bytes.fromhex(entry.leaf_hash))
        chain = entry.chain_hash
    with raw.begin() as connection:
        connection.execute(text("DELETE FROM audit_entries WHERE position > 2"))
        connection.execute(
            text("UPDATE audit_head SET size = 3, chain_hash = :chain, frontier = :edge"),
            {"chain": chain, "edge": edge.hex()},
        )
    for refused in (log.verify, audit.checkpoints.current):
        with pytest.raises(YinjiError) as caught:
            refused()
        assert caught.value.code == "audit-shortened"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_checkpoints SET root = 'x'",
        "UPDATE audit_checkpoints SET note = 'x'",
        "DELETE FROM audit_checkpoints",
        "UPDATE audit_nodes SET hash = 'x'",
        "DELETE FROM audit_nodes",
    ],
)
def test_the_database_refuses_to_change_tree_and_checkpoints(
    database: Database, log: AuditLog, audit: Audit, raw: Engine, statement: str
) -> None:
    fill(database, log, 256)
    audit.checkpoints.remember()
    with pytest.raises(Exception, match="append-only"), raw.begin() as connection:
        connection.execute(text(statement))
    assert log.verify().size == 256


def test_a_changed_node_of_the_tree_is_named(database: Database, log: AuditLog, raw: Engine) -> None:
    fill(database, log, 300)
    unguard(raw, "audit_nodes")
    with raw.begin() as connection:
        connection.execute(text("UPDATE audit_nodes SET hash = :hash"), {"hash": "0" * 64})
    with pytest.raises(AuditBroken) as caught:
        log.verify()
    assert (caught.value.code, caught.value.details["index"]) == ("audit-node", 255)


def test_entries_are_what_the_script_calls_canonical(log: AuditLog, database: Database) -> None:
    """The script for strangers writes JSON by the standard library; for what the log holds that is RFC 8785."""
    with database.write() as connection:
        log.append(connection, "test.happened", actor="system", detail={"é": "字\u2028\x7f\x01", "a": [1, None, True]})
    (entry,) = log.export()
    again = json.dumps(json.loads(entry.body), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert again == entry.body
