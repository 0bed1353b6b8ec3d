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
    layer: int = -1
    rows: list[IntegerLine] = field(default_factory=list)

    def add(self, op: IntegerOperation, d: int = 0, a: int = 0, b: int = 0, by: int = 0, number: int = 0) -> None:
        """A line that serves no connection by itself."""
        self.rows.append(IntegerLine(op, d, a, b, by, number, layer=self.layer))

    def connect(
        self, op: IntegerOperation, d: int, a: int, b: int, by: int, connection: tuple[int, int], number: int = 0
    ) -> None:
        """A line that computes a connection, of (source, neuron)."""
        source, neuron = connection
        self.rows.append(IntegerLine(op, d, a, b, by, number, 0, self.layer, source, neuron))
