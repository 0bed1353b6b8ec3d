"""Collects the lines of an integer program, each with the layer and connection that it serves."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.integer_target import IntegerTarget
from armlet.select.integer.program import IntegerLine


@dataclass(slots=True)
class Writer:
    """Lines so far. Discarded when they are taken."""

    target: IntegerTarget
    pool_register: int  # holds the address of the constants, as far as the program has come
    layer: int = -1
    base_at: int = 0  # where a base that walks stands, in bytes from the start of the block
    pool: bytearray = field(default_factory=bytearray)
    pool_at: int = -1  # bytes of the pool from its start to where `pool_register` points; -1 before it is set
    tables: dict[bytes, int] = field(default_factory=dict)  # and where they begin in the pool
    rows: list[IntegerLine] = field(default_factory=list)
    runs: int = 1  # how often the lines run that are added next

    def add(
        self, op: IntegerOperation, d: int = 0, a: int = 0, b: int = 0, by: int = 0, number: int = 0, e: int = 0
    ) -> None:
        """A line that serves no connection by itself."""
        self.rows.append(IntegerLine(op, d, a, b, by, number, layer=self.layer, runs=self.runs, e=e))

    @property
    def here(self) -> int:
        """The number of the next line."""
        return len(self.rows)

    def repeat(self, d: int, first: int) -> None:
        """Count d down, and go back to line `first` until it is 0."""
        self.add(IntegerOperation.REPEAT, d, number=self.here - first)

    def load_list(self, pointer: int, registers: tuple[int, ...]) -> None:
        """Load words from where `pointer` is, which moves on, into ascending registers; of none, nothing."""
        if len(registers) == 1:
            self.add(IntegerOperation.LOAD, registers[0], pointer)
            self.add(IntegerOperation.ADD_SMALL, pointer, number=4)
        elif registers:
            self.load_multiple(pointer, registers)

    def load_multiple(self, pointer: int, registers: Sequence[int]) -> None:
        """The same by one instruction, also of one register, which not every core can."""
        listed, op = sum(1 << k for k in registers), IntegerOperation.LOAD_MULTIPLE
        self.rows.append(IntegerLine(op, a=pointer, list=listed, layer=self.layer, runs=self.runs))

    def load_here(self, pointer: int, registers: Sequence[int]) -> None:
        """Load words from where `pointer` is, which stays, into ascending registers."""
        listed, op = sum(1 << k for k in registers), IntegerOperation.LOAD_MULTIPLE_HERE
        self.rows.append(IntegerLine(op, a=pointer, list=listed, layer=self.layer, runs=self.runs))

    def fill_words(self, words: list[int]) -> None:
        """Constants of 32 bits at the end of the pool."""
        for word in words:
            self.pool += (word & 0xFFFF_FFFF).to_bytes(4, "little")

    def table(self, content: bytes) -> int:
        """Where a table lies in the pool; equal ones lie there once."""
        if content not in self.tables:
            self.pool += bytes(-len(self.pool) % 4)
            self.tables[content] = len(self.pool)
            self.pool += content + bytes(-len(content) % 4)
        return self.tables[content]

    def advance(self, register: int, by: int) -> None:
        """Add a number of bytes to an address."""
        while by:
            step = min(by, 4092)
            self.add(IntegerOperation.ADD_NUMBER, register, register, number=step)
            by -= step

    def fetch(self, registers: list[int], reach: int, in_list: bool) -> None:
        """Load the next words of the pool, which `fill` is to give, into ascending registers."""
        op, pool = IntegerOperation, self.pool_register
        if self.pool_at < 0:
            self.add(op.ADDRESS, pool)
            self.pool_at = 0
        end, size = len(self.pool), 4 * len(registers)
        in_list &= len(registers) > 1
        if end + size - 4 - self.pool_at > reach or (in_list and end != self.pool_at):
            self.advance(pool, end - self.pool_at)
            self.pool_at = end
        if in_list:
            self.load_multiple(pool, registers)
            self.pool_at = end + size
            return
        for k, register in enumerate(registers):
            self.add(op.LOAD, register, pool, number=end - self.pool_at + 4 * k)

    def fill(self, halves: list[int]) -> None:
        """Constants of 16 bits at the end of the pool."""
        for half in halves:
            self.pool += (half & 0xFFFF).to_bytes(2, "little")

    def connect(
        self, op: IntegerOperation, d: int, a: int, b: int, by: int, connection: tuple[int, int], number: int = 0
    ) -> None:
        """A line that computes a connection, of (source, neuron)."""
        source, neuron = connection
        self.rows.append(IntegerLine(op, d, a, b, by, number, 0, self.layer, source, neuron))
