"""Sets up what `make` targets need: a virtual environment, and for the tests the system's own tools.

Standard library only, so that it runs before anything is installed. The second run finds everything in place and
takes a fraction of a second.

    python3 tools/bootstrap.py run     what the platform needs: pip packages alone
    python3 tools/bootstrap.py test    the same, and what lint, types and tests need
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
EXTRAS = {"run": "all", "test": "all,test"}

# What the tests run beside our own code: command (or file) that shows it is there, Debian package, Homebrew formula.
TOOLS = (
    ("exiftool", "libimage-exiftool-perl", "exiftool"),
    ("ffmpeg", "ffmpeg", "ffmpeg"),
    ("pdfinfo", "poppler-utils", "poppler"),
    ("qpdf", "qpdf", "qpdf"),
    ("openssl", "openssl", "openssl"),
    ("mkvpropedit", "mkvtoolnix", "mkvtoolnix"),
    ("cjxl", "libjxl-tools", "jpeg-xl"),
    ("unzip", "unzip", "unzip"),
    ("soffice", "libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui", "--cask libreoffice"),
    ("chromium", "chromium", "--cask chromium"),
    ("postgres", "postgresql", "postgresql@16"),
    ("node", "nodejs", "node"),
    ("npm", "npm", "node"),
)
# What has no command of its own: a file that shows it is there, Debian package.
FILES = (
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "fonts-noto-cjk"),
    ("/usr/share/perl5/Archive/Zip.pm", "libarchive-zip-perl"),
)


def say(text: str) -> None:
    """Tells what is going on, on stderr, so that it is not mixed with data."""
    print(f"▸ {text}", file=sys.stderr, flush=True)


def stop(problem: str, advice: str) -> None:
    """Ends with what is missing and what to type."""
    print(f"\n✗ {problem}\n  → {advice}", file=sys.stderr, flush=True)
    sys.exit(1)


def check_python() -> None:
    version = sys.version_info
    if version < (3, 11):
        stop(
            f"Python 3.11 or newer is needed; {sys.executable} is {version[0]}.{version[1]}.",
            "make run PYTHON=python3.11   (or another newer interpreter)",
        )
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        package = f"python{version[0]}.{version[1]}-venv"
        stop(
            "Python's venv module is not complete.", f"sudo apt-get install {package}   then run the same command again"
        )


def fingerprint(extras: str) -> str:
    """Names the state of everything that decides what gets installed."""
    digest = hashlib.sha256(f"{extras}\n{sys.version}\n{ROOT}\n".encode())
    for name in ("pyproject.toml", "constraints.txt", "tools/bootstrap.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def install(mode: str) -> None:
    """Makes the virtual environment and installs the project into it, unless that was done already."""
    stamps = {m: VENV / f".yinji-{m}" for m in EXTRAS}
    for done in (mode, "test"):  # what the tests need covers what the platform needs
        stamp = stamps[done]
        if stamp.exists() and stamp.read_text() == fingerprint(EXTRAS[done]) and PYTHON.exists():
            return
    began = time.monotonic()
    say("Setting up .venv (the first time takes a minute or two) …")
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-input"]
    command = [*pip, "--constraint", str(ROOT / "constraints.txt"), "--editable", f"{ROOT}[{EXTRAS[mode]}]"]
    for attempt in (1, 2):
        if subprocess.run(command, cwd=ROOT, check=False).returncode == 0:
            break
        if attempt == 2:
            stop(
                "pip could not install the packages (see above).",
                "check the network or the package index, then run it again",
            )
        say("pip failed once; trying again …")
    stamps[mode].write_text(fingerprint(EXTRAS[mode]))
    say(f"Ready after {time.monotonic() - began:.0f} s.")


def install_node_packages() -> None:
    """Installs the packages of ``tools/node`` (a renderer and a validator of 3-D scenes) into the environment."""
    target = VENV / "node"
    wanted = (ROOT / "tools/node/package-lock.json").read_text("utf-8")
    stamp = target / ".yinji"
    if stamp.exists() and stamp.read_text("utf-8") == wanted:
        return
    target.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / "tools/node" / name, target / name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run(command, cwd=target, check=False).returncode != 0:
        stop("npm could not install the packages (see above).", "check the network or the registry, then run it again")
    stamp.write_text(wanted, "utf-8")


def has_tool(name: str) -> bool:
    if name == "postgres":
        return bool(shutil.which("postgres") or list(Path("/usr/lib/postgresql").glob("*/bin/postgres")))
    if name == "chromium":
        return (
            any(shutil.which(c) for c in ("chromium", "chromium-browser", "google-chrome"))
            or Path("/Applications/Chromium.app").exists()
        )
    return shutil.which(name) is not None


def install_tools() -> None:
    """Installs the programs the tests compare with, where that may be done; else says what to type and stops."""
    missing = [tool for tool in TOOLS if not has_tool(tool[0])]
    packages = [package for _, package, _ in missing]
    if sys.platform.startswith("linux"):
        packages += [package for file, package in FILES if not Path(file).exists()]
    if not packages:
        return
    if sys.platform == "darwin":
        stop(f"The tests need {', '.join(m[0] for m in missing)}.", "brew install " + " ".join(m[2] for m in missing))
    line = "apt-get install --yes --no-install-recommends " + " ".join(packages)
    if shutil.which("apt-get") is None:
        stop(f"The tests need {', '.join(packages)} (Debian's names).", "install them with your package manager")
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode != 0:
        stop(f"The tests need {', '.join(packages)}, and installing them needs root.", f"sudo {line}")
    say(f"Installing {', '.join(packages)} …")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "--quiet"], line.split()):
        done = subprocess.run([*prefix, *command], env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.stderr.write(done.stdout[-2000:] + done.stderr[-2000:])
            stop("apt-get failed (see above).", f"sudo {line}")


def main() -> None:
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    if mode not in EXTRAS:
        stop("Say what to set up.", "python3 tools/bootstrap.py run | test")
    check_python()
    if mode == "test":
        install_tools()
    install(mode)
    if mode == "test":
        install_node_packages()


if __name__ == "__main__":
    main()
