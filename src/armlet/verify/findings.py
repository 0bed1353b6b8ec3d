"""What has been found so far, while a build is verified."""

from dataclasses import dataclass, field

from armlet.simulate.figures import Figures
from armlet.verify.verdict import Check


@dataclass(slots=True)
class Findings:
    """Claims one after another, and what was measured on the way."""

    checks: list[Check] = field(default_factory=list)
    figures: dict[str, Figures] = field(default_factory=dict)
    worst: tuple[float, float] = (0.0, 0.0)

    def add(self, claim: str, problem: str, detail: str = "") -> bool:
        """Record a claim; it holds where there is no problem."""
        self.checks.append(Check(claim, not problem, problem or detail))
        return not problem
