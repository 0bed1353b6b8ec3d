"""Collects the lines of an integer program, each with the layer and connection that it serves."""

from dataclasses import dataclass, field

from armlet.isa.integer_operation import IntegerOperation
from armlet.isa.integer_target import IntegerTarget
from armlet.select.integer.program import IntegerLine

LOW = 8  # registers below this number have short instructions


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

    def add(self, op: IntegerOperation, d: int = 0, a: int = 0, b: int = 0, by: int = 0, number: int = 0) -> None:
        """A line that serves no connection by itself."""
        self.rows.append(IntegerLine(op, d, a, b, by, number, layer=self.layer))

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
            self.rows.append(
                IntegerLine(op.LOAD_MULTIPLE, a=pool, list=sum(1 << k for k in registers), layer=self.layer)
            )
            self.pool_at = end + size
            return
        for k, register in enumerate(registers):
            self.add(op.LOAD, register, pool, number=end - self.pool_at + 4 * k)

    def fill(self, halves: list[int]) -> None:
        """Constants of 16 bits at the end of the pool."""
        for half in halves:
            self.pool += (half & 0xFFFF).to_bytes(2, "little")

    def load_list(self, base: int, registers: tuple[int, ...]) -> None:
        """A load of several words, which moves the base on."""
        listed = sum(1 << register for register in registers)
        self.rows.append(IntegerLine(IntegerOperation.LOAD_MULTIPLE, a=base, list=listed, layer=self.layer))

    def connect(
        self, op: IntegerOperation, d: int, a: int, b: int, by: int, connection: tuple[int, int], number: int = 0
    ) -> None:
        """A line that computes a connection, of (source, neuron)."""
        source, neuron = connection
        self.rows.append(IntegerLine(op, d, a, b, by, number, 0, self.layer, source, neuron))
