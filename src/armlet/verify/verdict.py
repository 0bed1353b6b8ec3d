"""What verification found: one line for each claim, and the figures that were measured on the way."""

from collections.abc import Mapping
from dataclasses import dataclass

from armlet.simulate.figures import Figures


@dataclass(frozen=True, slots=True)
class Check:
    """One claim about a build, and whether it holds."""

    claim: str
    holds: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """All claims about a build. It is verified when each of them holds."""

    name: str
    target: str
    tools: str
    checks: tuple[Check, ...]
    figures: Mapping[str, Figures]  # by entry; empty where the program did not run
    domain: str  # of the inputs, and who said so
    worst_error: float  # of the outputs against the float64 network
    error_bound: float  # the proven bound where that happened

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)

    def as_json(self) -> dict[str, object]:
        """Plain values for a report or a program."""
        return {
            "name": self.name,
            "target": self.target,
            "tools": self.tools,
            "verified": self.holds,
            "domain": self.domain,
            "checks": [{"claim": c.claim, "holds": c.holds, "detail": c.detail} for c in self.checks],
            "figures": {entry: figures.as_json() for entry, figures in self.figures.items()},
            "worst_error": self.worst_error,
            "error_bound": self.error_bound,
        }
