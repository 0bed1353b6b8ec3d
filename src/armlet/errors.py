"""Every error armlet raises on purpose, in one small tree.

Callers' mistakes, limits that a network does not fit, missing tools and our own faults are different classes:
the command line turns the first three into one line and exit code 2, and lets the last one be seen whole.
"""

from pathlib import Path


class ArmletError(Exception):
    """Base of all errors a caller may want to catch."""


class InputError(ArmletError):
    """A file or an argument is wrong: says which, where in it, and how to put it right."""

    def __init__(self, source: str | Path, problem: str, hint: str = "") -> None:
        self.source, self.problem, self.hint = str(source), problem, hint
        super().__init__(one_line(f"{source}: {problem}" + (f"; {hint}" if hint else "")))


class ArmletWarning(UserWarning):
    """Something was taken without being said: a Python caller hears of it so; the command line prints a line."""


class TargetError(ArmletError):
    """A target description contradicts itself."""


class CapacityError(ArmletError):
    """The network is sound but does not fit the machine or the budget given."""


class ToolchainError(ArmletError):
    """An assembler, linker or emulator is missing, or refused our output."""


class InvariantError(ArmletError):
    """A stage broke its own rules. Always a fault of armlet, never of the caller's model."""


def one_line(text: str) -> str:
    """What a file says must not steer the terminal that shows it: control characters are spelt out."""
    spaced = " ".join(text.split())
    if spaced.isprintable():
        return spaced
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in spaced)
