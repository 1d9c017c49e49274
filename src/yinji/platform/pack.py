"""The evidence pack: what an app store or an authority is shown of a site's labelling (Measures Art. 7, 12; R101).

One ZIP, written as it is sent: the measures with their clauses, the notices in force, sample files with what was read
back from them, the agreements, the settings, figures, and the signed checkpoint of the log. No screenshots: the words
and the files are the evidence, and anybody can check them again.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from importlib.resources import files
from typing import IO, TYPE_CHECKING, Any, Final, cast

from yinji import __version__
from yinji.operations.read import read
from yinji.platform import instants, retention
from yinji.platform.agreements.texts import NAMES
from yinji.platform.blobs import opened
from yinji.platform.model import Account, Item
from yinji.platform.permissions import Permission, require
from yinji.platform.statistics.model import Span
from yinji.regimes import ruleset
from yinji.regimes.base import Tier
from yinji.regimes.registry import regime
from yinji.texts import Text

if TYPE_CHECKING:
    from yinji.platform.service import Platform

SHOWN_TIERS: Final = (Tier.CONFIRMED, Tier.POSSIBLE, Tier.SUSPECTED)
_FIRST_RULE, _LAST_RULE = 80, 105
"""The checklist's part on platforms."""

_MAX_SAMPLE: Final = 20 * 1024 * 1024
_PAGE: Final = 100
_LOOKED_THROUGH: Final = 10
_YEAR: Final = timedelta(days=364)

_TITLE: Final = Text("标识措施材料", "How this site labels AI-generated content")
_HEADINGS: Final = {
    "site": Text("本站", "This site"),
    "notices": Text("现行提示语", "Notices in force"),
    "samples": Text("样例文件与读回结果", "Sample files, and what was read back"),
    "measures": Text("逐条措施", "Measures, one by one"),
    "agreements": Text("用户协议", "Agreements"),
    "retention": Text("保存期限", "How long records are kept"),
    "log": Text("审计日志", "Audit log"),
}
_CELLS: Final = {
    "name": Text("名称", "Name"),
    "propagator": Text("传播平台编码", "Code as a propagator"),
    "regime": Text("所依规则与版本", "Rules, and their version"),
    "software": Text("软件", "Software"),
    "made": Text("材料生成时间（UTC）", "Made at (UTC)"),
    "none": Text("本站还没有这一级的内容。", "This site has no item of this tier yet."),
    "checkpoint": Text("签名的检查点", "Signed checkpoint"),
    "days": Text("{days} 天", "{days} days"),
    "for_ever": Text("永久", "for ever"),
}


@dataclass(frozen=True, slots=True)
class _Sample:
    tier: Tier
    item: Item
    path: str
    read_back: dict[str, Any]


class EvidencePack:
    """The front door for the evidence pack."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def filename(self) -> str:
        return f"yinji-evidence-{instants.now():%Y%m%d}.zip"

    def chunks(self, actor: Account) -> Iterator[bytes]:
        """Yields the ZIP as it is made.

        Raises:
            Refused: The account may not.
        """
        require(actor, Permission.AUDIT_EXPORT)
        return self.made()

    def made(self) -> Iterator[bytes]:
        """Does the same for the operator at the command line."""
        sink = _Sink()
        with zipfile.ZipFile(cast(IO[bytes], sink), "w", zipfile.ZIP_DEFLATED) as archive:
            samples = []
            for tier, item in self._samples():
                sample = self._sample(tier, item)
                samples.append(sample)
                archive.write(self._platform.served_file(item.id).path, sample.path)
                archive.writestr(f"{sample.path}.json", _json(sample.read_back))
                yield sink.taken()
            content = self._content(samples)
            archive.writestr("pack.json", _json(content))
            archive.writestr("audit/checkpoint", content["audit"]["checkpoint"])
            archive.writestr("audit/vkey", content["audit"]["vkey"] + "\n")
            archive.writestr("index.zh-CN.html", _html(content, "zh-CN"))
            archive.writestr("index.en.html", _html(content, "en"))
            yield sink.taken()
        yield sink.taken()

    def _samples(self) -> Iterator[tuple[Tier, Item]]:
        """Yields the newest item of each tier whose file is not too large, among the newest thousand."""
        wanted, cursor = set(SHOWN_TIERS), None
        for _ in range(_LOOKED_THROUGH):
            page = self._platform.feed(cursor=cursor, limit=_PAGE)
            for item in page.rows:
                tier = Tier(item.verdict["tier"])
                if tier in wanted and item.size <= _MAX_SAMPLE:
                    wanted.remove(tier)
                    yield tier, item
            cursor = page.next_cursor
            if not wanted or cursor is None:
                return

    def _sample(self, tier: Tier, item: Item) -> _Sample:
        served = self._platform.served_file(item.id)
        with opened(served.path) as file:
            found = read(file, filename=served.filename, thorough=True)
        ending = served.filename.rpartition(".")[2]
        suffix = f".{ending}" if ending.isascii() and ending.isalnum() else ""
        labels = [dict(one.label.items()) for one in found.found if one.label]
        back = {"item_id": item.id, "sha256": served.sha256, "state": str(found.state), "labels": labels}
        return _Sample(tier, item, f"samples/{tier}{suffix}", back)

    def _content(self, samples: list[_Sample]) -> dict[str, Any]:
        """Returns all that the pack says, as JSON values."""
        platform, today = self._platform, instants.now().date()
        settings, rules = platform.settings, regime(platform.settings.regime)
        notices = ruleset.in_force(settings.regime, today).notices
        span = Span(today - _YEAR, today)
        return {
            "schema_version": 1,
            "made_at": instants.to_text(instants.now()),
            "site": {
                "name": settings.site_name._asdict(),
                "propagator": settings.propagator,
                "sample_propagator": settings.is_sample_propagator,
                "public_url": settings.public_url,
                "regime": rules.name,
                "regime_version": rules.version,
                "software": f"yinji {__version__}",
            },
            "notices": {
                str(tier): {"notice": notices[tier].sentence._asdict(), "short": notices[tier].short._asdict()}
                for tier in SHOWN_TIERS
            },
            "samples": {
                str(sample.tier): sample.read_back | {"path": sample.path, "notice": sample.item.verdict["notice"]}
                for sample in samples
            },
            "measures": [
                {"rule": rule.id, "article": rule.article, "zh": rule.text.zh, "en": rule.text.en}
                for rule in rules.rules()
                if _FIRST_RULE <= int(rule.id.removeprefix("R")) <= _LAST_RULE
            ],
            "agreements": {
                name: {
                    "version": (current := platform.agreements.in_force(name)).version,
                    "title": current.title._asdict(),
                    "sha256": current.sha256,
                    "sections": [
                        {"title": one.title._asdict(), "paragraphs": [words._asdict() for words in one.paragraphs]}
                        for one in current.sections
                    ],
                }
                for name in NAMES
            },
            "retention": {
                kind: {
                    "days": max(rule.days, settings.retention.days) if rule.days else None,
                    "clause": rule.clause,
                    "says": rule.says._asdict(),
                }
                for kind, rule in retention.rules().items()
            },
            "statistics": platform.statistics.figures(span).to_dict(),
            "audit": {
                "checkpoint": platform.audit.checkpoints.current(),
                "vkey": platform.audit.verifier.vkey,
            },
        }


class _Sink:
    """Takes what the archive writes and gives it on; it cannot seek, so the archive writes sizes behind its members."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        return len(data)

    def flush(self) -> None:
        """Nothing to wait for."""

    def taken(self) -> bytes:
        held, self._held = bytes(self._held), bytearray()
        return held


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _html(content: dict[str, Any], language: str) -> str:
    """Writes the pack as one page that needs nothing else."""
    short = language[:2]

    def say(text: Text) -> str:
        return escape(text.pick(language))

    def table(rows: list[tuple[str, str]]) -> str:
        cells = "".join(f'<tr><th scope="row">{head}</th><td>{body}</td></tr>' for head, body in rows)
        return f"<table>{cells}</table>"

    def heading(name: str) -> str:
        return f"<h2>{say(_HEADINGS[name])}</h2>"

    style = files(__package__).joinpath("pack.css").read_text("utf-8")
    site, samples = content["site"], content["samples"]
    parts = [
        heading("site"),
        table(
            [
                (say(_CELLS["name"]), escape(site["name"][short])),
                (say(_CELLS["propagator"]), f"<code>{escape(site['propagator'])}</code>"),
                (say(_CELLS["regime"]), escape(f"{site['regime']} {site['regime_version']}")),
                (say(_CELLS["software"]), escape(site["software"])),
                (say(_CELLS["made"]), escape(content["made_at"])),
            ]
        ),
        heading("notices"),
        table([(escape(n["short"][short]), escape(n["notice"][short])) for n in content["notices"].values()]),
        heading("samples"),
        table(
            [
                (
                    escape(content["notices"][tier]["short"][short]),
                    f'<a href="{escape(samples[tier]["path"])}">{escape(samples[tier]["path"])}</a>'
                    f"<pre>{escape(_json(samples[tier]['labels']))}</pre>"
                    if tier in samples
                    else say(_CELLS["none"]),
                )
                for tier in content["notices"]
            ]
        ),
        heading("measures"),
        table([(f"{m['rule']} {escape(m['article'])}", escape(m[short])) for m in content["measures"]]),
        heading("agreements"),
    ]
    for agreement in content["agreements"].values():
        parts.append(f"<h3>{escape(agreement['title'][short])} ({escape(agreement['version'])})</h3>")
        for section in agreement["sections"]:
            parts.append(f"<h4>{escape(section['title'][short])}</h4>")
            parts += [f"<p>{escape(paragraph[short])}</p>" for paragraph in section["paragraphs"]]
    kept = [
        (
            say(_CELLS["days"].format(days=rule["days"]) if rule["days"] else _CELLS["for_ever"]),
            f"{escape(rule['says'][short])} <small>{escape(rule['clause'])}</small>",
        )
        for rule in content["retention"].values()
    ]
    log = [
        (say(_CELLS["checkpoint"]), f"<pre>{escape(content['audit']['checkpoint'])}</pre>"),
        ("vkey", f"<code>{escape(content['audit']['vkey'])}</code>"),
    ]
    parts += [heading("retention"), table(kept), heading("log"), table(log)]
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{say(_TITLE)}</title><style>{style}</style></head>'
        f"<body><h1>{say(_TITLE)}</h1>{''.join(parts)}</body></html>\n"
    )
