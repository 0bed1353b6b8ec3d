"""One decoded instruction, as the counters, the tracer and the prover need it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Instruction:
    """One form of instruction, wherever it stands. Sets of registers are bits of an integer, numbered by its set."""

    name: str  # without condition, width and type
    text: str
    size: int  # bytes
    condition: str  # of an IT block or a branch; empty where it always runs
    writes: int  # registers that it changes
    reads: int  # registers that it consumes, its accumulator apart
    addend: int  # the accumulator that a multiply-accumulate adds to
    address: int  # registers that form the address of its access
    moved: int  # bytes between registers and memory
    words: int  # registers moved, a D register as two
    stores: bool
    indexed: bool  # the address has a register offset
    flags: bool  # sets the condition flags
