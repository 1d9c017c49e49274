"""A file that is read once, for all that is asked of it: what it says, what follows, what is written into it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from yinji.containers import reading, registry
from yinji.containers.model import Reading
from yinji.containers.source import Source
from yinji.evidence.base import Evidence, Inspected, Known
from yinji.evidence.registry import gather
from yinji.labels.declaration import Declaration
from yinji.operations import sidecar as sidecars
from yinji.operations.report import Report
from yinji.operations.sidecar import Beside
from yinji.operations.written import Opened
from yinji.regimes.registry import regime as regime_named


class Examination:
    """One open file and the thorough reading of it. It lives as long as its source is open.

    Args:
        source: The file.
        with_sidecar: Look for a label beside a file on disk whose format has no place for one.
    """

    def __init__(self, source: Source, *, with_sidecar: bool = False) -> None:
        self.source = source
        self._with_sidecar = with_sidecar

    @cached_property
    def reading(self) -> Reading:
        """What the container says; read when first asked for."""
        self.source.renew()  # whatever else was looked at in it before
        return reading.read(self.source, thorough=True)

    @cached_property
    def sidecar(self) -> Beside | None:
        """The sidecar of the file, if one was asked for and stands there."""
        return sidecars.of_source(self.source, self.reading) if self._with_sidecar else None

    @property
    def counted(self) -> Reading:
        """The reading with the label of a sidecar that names the file's content."""
        return sidecars.counted(self.reading, self.sidecar)

    def evidence(
        self,
        *,
        declaration: Declaration | None = None,
        pinned_keys: Mapping[str, str] | None = None,
        known: Known | None = None,
    ) -> tuple[Evidence, ...]:
        """Lets every detector look at the file."""
        return gather(Inspected(self.source, self.counted, declaration, dict(pinned_keys or {}), known))

    def report(
        self,
        *,
        regime: str,
        declaration: Declaration | None = None,
        pinned_keys: Mapping[str, str] | None = None,
        known: Known | None = None,
    ) -> Report:
        """Gathers all evidence and concludes from it.

        Raises:
            UsageError: No such regime.
        """
        rules = regime_named(regime)
        evidence = self.evidence(declaration=declaration, pinned_keys=pinned_keys, known=known)
        return Report(self.source.name, self.reading, evidence, rules.decide(evidence), self.sidecar)

    def opened(self) -> Opened:
        """Returns the file for a writer.

        Raises:
            UnsupportedFormat: No container knows it.
        """
        return Opened(self.source, registry.identify(self.source), self.reading)
