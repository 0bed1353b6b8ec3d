"""Why bytes are not what the hints say: the name of such a byte is anything, and has the number of a reason.

A byte that is made of it has the same reason, so that what is refused at last is told by where it began.
"""

from dataclasses import dataclass, field

from armlet.prove.tensors.contents import ANYTHING, name_of, taken_apart

_MOST = 1 << 16  # reasons that are kept


@dataclass(slots=True)
class Doubts:
    """All reasons so far."""

    reasons: list[str] = field(default_factory=list)

    def name(self, reason: str) -> int:
        """The name of a byte that is anything for a reason, which may be empty."""
        if not reason or len(self.reasons) == _MOST:
            return name_of(ANYTHING)
        self.reasons.append(reason)
        return name_of(ANYTHING, len(self.reasons))

    def reason(self, name: int) -> str:
        """Why a byte of a name is anything; empty where it is something, or nothing was ever made there."""
        kind, number = taken_apart(name)
        return self.reasons[number - 1] if kind == ANYTHING and number else ""
