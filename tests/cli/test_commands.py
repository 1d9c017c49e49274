"""The commands as people run them: a real process, real files, exit codes, stdout and stderr kept apart."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import yinji
from yinji.containers import journal
from yinji.containers.splice import Edit, Splice

PRODUCER = "001191110000MA0TE5T00Q10001"
PROPAGATOR = "001191110000MA0TE5T00Q20001"


def run(
    *arguments: object, cwd: Path, stdin: bytes | None = None, lang: str = "en", encoding: str = "utf-8"
) -> subprocess.CompletedProcess[bytes]:
    """Runs the command; ``encoding`` is what the locale gives standard streams."""
    environment = {**os.environ, "YINJI_LANG": lang, "PYTHONWARNINGS": "error", "NO_COLOR": "1"}
    environment["PYTHONIOENCODING"] = encoding
    return subprocess.run(
        [sys.executable, "-m", "yinji", *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        env=environment,
        capture_output=True,
        check=False,
    )


@pytest.fixture
def here(tmp_path: Path) -> Path:
    picture = Image.linear_gradient("L").resize((400, 300)).convert("RGB")
    picture.save(tmp_path / "photo.jpg", quality=90)
    picture.save(tmp_path / "photo.png")
    (tmp_path / "note.md").write_text("# Tea\n\nWater first.\n", "utf-8")
    (tmp_path / "note.txt").write_text("Water first.\n", "utf-8")
    return tmp_path


def labelled(here: Path, name: str = "photo.png") -> Path:
    out = here / f"labelled-{name}"
    result = run("label", name, "-o", out, "--producer", PRODUCER, "--id", "n-1", "--metadata-only", cwd=here)
    assert result.returncode == 0, result.stderr.decode()
    return out


def test_a_locale_that_cannot_spell_the_words_changes_no_answer(here: Path) -> None:
    shown = run("read", "photo.png", cwd=here, lang="zh-CN", encoding="latin-1")
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert "没有发现标识".encode("latin-1", "backslashreplace") in shown.stdout
    told = run("check", "photo.png", "--json", cwd=here, encoding="gb18030")
    assert json.loads(told.stdout.decode("utf-8")) == json.loads(run("check", "photo.png", "--json", cwd=here).stdout)


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "note.md"])
def test_label_then_read(here: Path, name: str) -> None:
    done = run("label", name, "-o", "out-" + name, "--producer", PRODUCER, "--id", "20261122-7f3a9c", cwd=here)
    assert done.returncode == 0, done.stderr.decode()
    assert b"Visible label" in done.stdout
    read = run("read", "out-" + name, "--json", cwd=here)
    assert read.returncode == 0
    value = json.loads(read.stdout)
    assert value["schema_version"] == 1
    assert value["state"] == "labelled"
    (label,) = value["labels"]
    assert label["Label"] == "1"
    assert label["ContentProducer"] == label["ContentPropagator"] == PRODUCER
    assert label["ProduceID"] == label["PropagateID"] == "20261122-7f3a9c"
    assert label["problems"] == []


def test_plain_text_gets_the_visible_label_and_is_told_that_there_is_no_other(here: Path) -> None:
    done = run("label", "note.txt", "-o", "out.txt", "--producer", PRODUCER, "--id", "1", cwd=here)
    assert done.returncode == 0, done.stderr.decode()
    assert b"no place for a metadata label" in done.stdout
    text = (here / "out.txt").read_text("utf-8")
    assert "人工智能" in text and "生成" in text and text.endswith("Water first.\n")


def test_metadata_only_leaves_pixels_alone(here: Path) -> None:
    out = labelled(here, "photo.jpg")
    before, after = Image.open(here / "photo.jpg"), Image.open(out)
    assert before.tobytes() == after.tobytes()


def test_propagate_keeps_the_producers_half(here: Path) -> None:
    out = labelled(here)
    done = run("propagate", out, "-o", "served.png", "--propagator", PROPAGATOR, "--id", "post-42", cwd=here)
    assert done.returncode == 0, done.stderr.decode()
    label = yinji.read(here / "served.png").label
    assert label == yinji.AigcLabel.first(PRODUCER, "n-1").propagated(PROPAGATOR, "post-42")


def test_propagate_in_place_and_carry(here: Path) -> None:
    out = labelled(here)
    assert run("propagate", out, "--in-place", "--propagator", PROPAGATOR, "--id", "p", cwd=here).returncode == 0
    done = run("carry", out, "photo.jpg", cwd=here)
    assert done.returncode == 0, done.stderr.decode()
    assert yinji.read(here / "photo.jpg").label == yinji.read(out).label
    again = run("carry", out, "photo.jpg", cwd=here)
    assert again.returncode == 0 and b"already" in again.stdout


def test_check_says_confirmed_and_can_fail_on_it(here: Path) -> None:
    out = labelled(here)
    value = json.loads(run("check", out, "--json", cwd=here).stdout)
    assert value["verdict"]["tier"] == "confirmed"
    assert value["verdict"]["regime"] == "cn"
    assert value["evidence"][0]["basis"] == "metadata_label"
    assert run("check", out, "--fail-on", "suspected", cwd=here).returncode == 1
    assert run("check", "photo.png", "--fail-on", "suspected", cwd=here).returncode == 0


def test_declared_content_is_possible(here: Path) -> None:
    value = json.loads(run("check", "photo.png", "--declared", "ai_generated", "--json", cwd=here).stdout)
    assert value["verdict"]["tier"] == "possible"


def test_no_label_is_no_proof(here: Path) -> None:
    assert "没有标识，不能证明由人创作" in run("read", "photo.png", cwd=here, lang="zh-CN").stdout.decode()
    assert b"No label is no proof" in run("read", "photo.png", cwd=here).stdout


def test_conform_exits_with_one_on_findings(here: Path) -> None:
    assert run("conform", labelled(here), cwd=here).returncode == 0
    result = run("conform", "photo.png", cwd=here)
    assert result.returncode == 1


def test_existing_output_is_not_overwritten(here: Path) -> None:
    before = (here / "photo.jpg").read_bytes()
    (here / "taken.png").write_bytes(before)
    arguments = ("label", "photo.png", "-o", "taken.png", "--producer", PRODUCER, "--id", "1", "--metadata-only")
    result = run(*arguments, cwd=here)
    assert result.returncode == 2
    assert b"--force" in result.stderr
    assert (here / "taken.png").read_bytes() == before
    assert run(*arguments, "--force", cwd=here).returncode == 0


def test_wrong_producer_code(here: Path) -> None:
    result = run("label", "photo.png", "-o", "o.png", "--producer", PRODUCER.replace("Q", "R"), "--id", "1", cwd=here)
    assert result.returncode == 2
    assert b"code" in result.stderr
    assert not (here / "o.png").exists()


def test_somebody_elses_label_stays(here: Path) -> None:
    out = labelled(here)
    result = run("label", out, "-o", "o.png", "--producer", "Somebody", "--id", "1", "--metadata-only", cwd=here)
    assert result.returncode == 2
    assert b"already-labelled" in result.stderr
    assert not (here / "o.png").exists()


def test_a_label_is_never_weakened(here: Path) -> None:
    out = labelled(here)
    arguments = ("label", out, "-o", "o.png", "--producer", PRODUCER, "--id", "1", "--metadata-only", "--label", "3")
    result = run(*arguments, cwd=here)
    assert result.returncode == 2
    assert b"would-weaken" in result.stderr


def test_dry_run_writes_nothing(here: Path) -> None:
    before = sorted(p.name for p in here.iterdir())
    result = run("label", "photo.png", "-o", "o.png", "--producer", PRODUCER, "--id", "1", "--dry-run", cwd=here)
    assert result.returncode == 0
    assert b"Dry run" in result.stdout
    assert sorted(p.name for p in here.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("empty.png", 4),
        ("cut.png", 4),
        ("picture.ico", 3),
        ("folder", 4),
        ("absent.png", 74),
        ("fifo", 4),
        ("link.png", 4),
    ],
)
def test_bad_input_has_its_exit_code_and_a_message_in_both_languages(here: Path, name: str, code: int) -> None:
    (here / "empty.png").touch()
    (here / "cut.png").write_bytes((here / "photo.png").read_bytes()[:60])
    Image.new("RGB", (8, 8)).save(here / "picture.ico")
    (here / "folder").mkdir()
    os.mkfifo(here / "fifo")
    (here / "link.png").symlink_to(here / "photo.png")
    for lang in ("en", "zh-CN"):
        result = run("read", name, cwd=here, lang=lang)
        assert result.returncode == code, result.stderr.decode()
        assert result.stdout + result.stderr
        assert b"Traceback" not in result.stderr
    value = json.loads(run("read", name, "--json", cwd=here).stdout)
    assert value.get("state") in ("malformed", "unreadable", "unsupported") or value["error"]["zh"]


def test_batch_with_one_bad_file_exits_with_five(here: Path) -> None:
    result = run("read", "photo.png", "absent.png", "--jsonl", cwd=here)
    assert result.returncode == 5
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["path"] for line in lines] == ["photo.png", "absent.png"]
    assert lines[0]["state"] == "unlabelled"
    assert lines[1]["error"]["code"] == "not-found"


def test_several_files_into_a_directory_with_numbers_of_their_own(here: Path) -> None:
    arguments = ("label", "photo.jpg", "photo.png", "-o", "out/", "--producer", PRODUCER, "--metadata-only")
    assert run(*arguments, "--id", "same", cwd=here).returncode == 2
    assert run(*arguments, "--id", "batch7-{n}", cwd=here).returncode == 0
    read = [yinji.read(here / "out" / name).label for name in ("photo.jpg", "photo.png")]
    assert [label.produce_id for label in read if label] == ["batch7-1", "batch7-2"]


@pytest.mark.parametrize("more", [(), ("--json",), ("--lang", "zh-CN")])
def test_stdin_to_stdout(more: tuple[str, ...], here: Path) -> None:
    """Standard output is the file and nothing else; what was done is told on stderr."""
    source = (here / "photo.png").read_bytes()
    arguments = ("label", "-", "-o", "-", "--producer", PRODUCER, "--id", "1", "--metadata-only", *more)
    result = run(*arguments, cwd=here, stdin=source)
    assert result.returncode == 0, result.stderr.decode()
    assert result.stdout.endswith(b"IEND\xaeB`\x82")
    assert yinji.read(result.stdout, thorough=True).label is not None
    assert b"yinji-stdout" not in result.stderr
    if more == ("--json",):
        assert json.loads(result.stderr)["path"] == "-"
    read = run("read", "-", "--json", cwd=here, stdin=result.stdout)
    assert json.loads(read.stdout)["state"] == "labelled"


def test_carry_from_standard_input_to_another_file(here: Path) -> None:
    source, before = labelled(here).read_bytes(), (here / "photo.jpg").read_bytes()
    result = run("carry", "-", "photo.jpg", "-o", "-", cwd=here, stdin=source)
    assert result.returncode == 0, result.stderr.decode()
    assert yinji.read(result.stdout).label == yinji.read(source).label
    assert run("carry", "-", "photo.jpg", "-o", "carried.jpg", cwd=here, stdin=source).returncode == 0
    assert (here / "carried.jpg").read_bytes() == result.stdout
    again = run("carry", "-", "photo.jpg", "-o", "carried.jpg", cwd=here, stdin=source)
    assert b"output-exists" in again.stderr
    assert (here / "photo.jpg").read_bytes() == before
    assert run("carry", "-", "photo.jpg", "-o", "x.jpg", "--if-labelled", cwd=here, stdin=source).returncode == 2


def test_a_name_outside_utf8_is_json_all_the_same(here: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    (here / name).write_bytes((here / "photo.png").read_bytes())
    assert json.loads(run("read", name, "--json", cwd=here).stdout.decode("utf-8"))["path"] == name


def test_signed_label_verifies_and_a_changed_one_does_not(here: Path) -> None:
    assert run("key", "make", "-o", "key.pem", "--algorithm", "ed25519", cwd=here).returncode == 0
    assert (here / "key.pem").stat().st_mode & 0o077 == 0
    arguments = ("label", "photo.png", "-o", "s.png", "--producer", PRODUCER, "--id", "1", "--metadata-only")
    assert run(*arguments, "--sign", "key.pem", cwd=here).returncode == 0
    value = json.loads(run("check", "s.png", "--json", cwd=here).stdout)
    assert value["evidence"][0]["integrity"] == "intact"
    assert run("key", "public", "key.pem", "-o", "public.pem", cwd=here).returncode == 0
    pinned = json.loads(run("check", "s.png", "--pin", f"{PRODUCER}=public.pem", "--json", cwd=here).stdout)
    assert pinned["evidence"][0]["integrity"] == "pinned"
    label = yinji.read(here / "s.png").label
    assert label is not None
    forged = label.to_json().replace('"ProduceID":"1"', '"ProduceID":"2"')
    changed = (here / "note.md").read_text("utf-8")
    (here / "note.md").write_text(f"---\nAIGC: {forged}\n---\n{changed}", "utf-8")
    broken = json.loads(run("check", "note.md", "--json", cwd=here).stdout)
    assert broken["evidence"][0]["integrity"] == "broken"


def test_code_make_and_check(here: Path) -> None:
    made = run("code", "make", "--uscc", "91110000MA0TE5T00Q", cwd=here)
    assert made.stdout.decode().strip() == PRODUCER
    assert run("code", "check", PRODUCER, cwd=here).returncode == 0
    wrong = run("code", "check", PRODUCER.replace("0Q1", "0R1"), cwd=here)
    assert wrong.returncode == 1
    assert b"prove nobody" in run("code", "check", PRODUCER, cwd=here).stdout


@pytest.mark.parametrize("code", ["R24", "r81", "not-found", "several-labels"])
def test_explain(here: Path, code: str) -> None:
    result = run("explain", code, cwd=here)
    assert result.returncode == 0
    assert len(result.stdout.decode().splitlines()) >= 3


def test_explain_unknown(here: Path) -> None:
    assert run("explain", "R999", cwd=here).returncode == 2
    assert len(run("explain", cwd=here).stdout.splitlines()) == 105


def test_formats_come_from_the_containers(here: Path) -> None:
    rows = {row["name"]: row for row in json.loads(run("formats", "--json", cwd=here).stdout)}
    assert rows["jpeg"]["writes"] and rows["jpeg"]["draws"] and rows["jpeg"]["carrier"] == "xmp"
    assert not rows["text"]["writes"] and rows["text"]["sidecar"] and not rows["jpeg"]["sidecar"]
    assert rows["docx"]["in_place"] and not rows["svgz"]["in_place"]  # compressing anew moves everything
    assert b"jpeg" in run("formats", cwd=here).stdout


def test_doctor(here: Path) -> None:
    value = json.loads(run("doctor", "--json", cwd=here).stdout)
    assert value["yinji"] == yinji.__version__
    assert all(part["found"] for part in value["parts"])


def test_doctor_brings_files_back_or_leaves_them(here: Path) -> None:
    photo = here / "photo.png"
    old, splice = photo.read_bytes(), Splice.of([Edit(100, 104, b"torn")])
    for arguments, content, said in (
        ((), old, "brought back to how it was before the change"),
        (("--keep",), old[:100] + b"to" + old[102:], "left as it is, the undo record dropped"),
    ):
        with photo.open("r+b") as file:
            journal.write(photo, file.fileno(), splice, len(old)).close()
            os.pwrite(file.fileno(), b"to", 100)
        result = run("doctor", *arguments, "photo.png", cwd=here)
        assert (result.returncode, result.stdout.decode().strip()) == (0, f"photo.png: {said}")
        assert photo.read_bytes() == content
        assert not journal.is_left(photo)


def test_help_of_every_command_in_both_languages(here: Path) -> None:
    from yinji.cli.app import COMMANDS

    for name in COMMANDS:
        for lang in ("en", "zh-CN"):
            result = run(name, "--help", cwd=here, lang=lang)
            assert result.returncode == 0, (name, result.stderr)
            assert result.stdout.decode().startswith("用法：yinji " if lang == "zh-CN" else "Usage: yinji ")


def test_usage_errors_exit_with_two(here: Path) -> None:
    assert run("label", "photo.png", cwd=here).returncode == 2
    assert run("nonsense", cwd=here).returncode == 2
    result = run("label", "photo.png", "--producer", PRODUCER, "--id", "1", cwd=here)
    assert result.returncode == 2
    assert b"output" in result.stderr
    for lang, *said in (
        ("zh-CN", "没有命令 lable。是不是 label？", "缺少选项 --id。", "--label 的值不对：“9”不在其中："),
        (
            "en",
            "No such command 'lable'. Did you mean label?",
            "Missing option '--id'.",
            "Invalid value for '--label':",
        ),
    ):
        for arguments, words in zip(
            (["lable"], ["label", "x", "--producer", "a"], ["label", "--label", "9"]), said, strict=True
        ):
            result = run(*arguments, cwd=here, lang=lang)
            assert result.returncode == 2
            assert words in result.stderr.decode()
            assert "--help" in result.stderr.decode()


def test_what_newcomers_get_wrong_is_named(here: Path) -> None:
    (here / "empty.jpg").touch()
    label = ("label", "photo.png", "--producer", PRODUCER, "--id", "1")
    for arguments, words in (
        ((*label, "-o", "nowhere/x.png"), b"There is no folder nowhere"),
        (("label", "empty.jpg", *label[2:], "-o", "x.jpg"), b"The file is empty"),
        ((*label, "-o", "x.png", "--regime", "uk"), b"cn, eu, us-ca, in, kr"),
        (("explain", "R999"), b"R999"),
    ):
        result = run(*arguments, cwd=here)
        assert result.returncode
        assert words in result.stderr
