"""What may be asked of `armlet verify` and `armlet run`: plain values that wake no emulator."""

from dataclasses import dataclass

from armlet.errors import InputError

ENTRIES = ("run", "core")  # C arrays; through the driver files
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """The table [verify] of armlet.toml."""

    random: int = 32  # random inputs beside the fixed ones
    mutants: int = 0  # put the verifier on trial with so many instead
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.mutants <= _MOST:
            raise InputError("--mutants", f"is {self.mutants}", f"give 0 to {_MOST}")
        if not 0 <= self.random <= _MOST:
            raise InputError("--random", f"is {self.random}", f"give 0 to {_MOST}")
        if self.seed < 0:
            raise InputError("--seed", f"is {self.seed}", "give a whole number from 0")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The table [run] of armlet.toml. A run has no randomness; the seed is there as everywhere."""

    entry: str = "run"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.entry not in ENTRIES:
            raise InputError(f"--entry {self.entry}", "is no entry of a build", f"give {' or '.join(ENTRIES)}")
