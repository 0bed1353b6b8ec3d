"""How long a core takes for an instruction, and how long its flash keeps it waiting: tables, each with its source.

The model that reads them, and what it leaves out, is docs/cycles.md. A mnemonic without an entry is an error, never a
guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from armlet.errors import TargetError


class Kind(Enum):
    """What an instruction is for, as a report counts it."""

    INTEGER = "integer"
    FLOAT = "float arithmetic"
    FLOAT_MOVE = "float move"
    COMPARE = "float compare"
    LOAD = "load"
    STORE = "store"
    BRANCH = "branch"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Timing:
    """Cycles of one mnemonic: `cycles`, and `each` more for every register that it moves."""

    kind: Kind
    cycles: int
    each: int = 0
    indexed: int = 0  # more when the address has a register offset
    pairs: bool = False  # overlaps by one cycle with a neighbouring load or store that pairs too
    latency: int = 0  # cycles after its own until what it gives can be consumed without a wait
    addend_later: int = 0  # cycles by which it consumes its accumulator later than its factors
    ports: frozenset[str] = frozenset()  # of the core that it takes: what shares none may issue in the same cycle
    taken: int = 0  # more where it sends control elsewhere, beside the refill
    varies: bool = False  # ends early for some operands: `cycles` is the most

    def __post_init__(self) -> None:
        if min(self.latency, self.addend_later) < 0:
            raise TargetError("a result cannot be there before its instruction")
        if min(self.cycles, self.each, self.indexed, self.taken) < 0 or self.cycles + self.each < 1:
            raise TargetError(f"an instruction of {self.cycles} + {self.each} N cycles takes no time")
        if self.pairs and self.kind not in (Kind.LOAD, Kind.STORE):
            raise TargetError("only loads and stores can pair")


@dataclass(frozen=True, slots=True)
class CycleTable:
    """Every instruction that the model knows, and the costs that lie between instructions."""

    name: str
    source: str  # the manual
    refill: int  # cycles to refill the pipeline after control goes elsewhere
    address_wait: int  # cycles before a load or store whose address the previous instruction computed
    timings: Mapping[str, Timing]  # by mnemonic, without condition, width or type
    issue: int = 1  # instructions that may begin in one cycle, where they share no port
    cache: bool = False  # what ran before decides how long an access takes: counts are no worst case

    def __post_init__(self) -> None:
        if self.refill < 0 or self.address_wait < 0:
            raise TargetError(f"{self.name}: a wait below zero")
        if self.issue < 1:
            raise TargetError(f"{self.name}: no instruction ever begins")
        if self.issue > 1 and not all(timing.ports for timing in self.timings.values()):
            raise TargetError(f"{self.name}: an instruction takes no port, and several may begin at once")
        if wrong := sorted(name for name in self.timings if not name.isalnum() or name != name.lower()):
            raise TargetError(f"{self.name}: {wrong} are no bare mnemonics")

    def timing(self, mnemonic: str) -> Timing:
        """The entry of `mnemonic`. Raises `TargetError` where the table has none."""
        found = self.timings.get(mnemonic)
        if found is None:
            raise TargetError(f"{self.name}: the cycle table has no entry for {mnemonic!r}")
        return found


@dataclass(frozen=True, slots=True)
class Flash:
    """A part's flash between the array and the core: wait states, lines, prefetch and the small caches."""

    part: str
    source: str
    clock: int  # Hz
    wait_states: int
    line: int  # bytes read at once
    instruction_lines: int  # cached, least recently used leaves
    data_lines: int
    prefetch: bool  # reads the next line while the core executes this one

    def __post_init__(self) -> None:
        if self.clock <= 0 or self.wait_states < 0 or self.instruction_lines < 0 or self.data_lines < 0:
            raise TargetError(f"{self.part}: a negative figure of flash")
        if self.line < 4 or self.line & (self.line - 1):
            raise TargetError(f"{self.part}: lines of {self.line} bytes are no power of two")
