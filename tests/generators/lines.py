"""Which columns of a program's lines have a meaning."""

from armlet.isa.operation import Operation
from armlet.select.program import COLUMNS


def columns_of(op: Operation) -> frozenset[str]:
    """The columns that count in a line of this operation, beside `op` and `connection`."""
    return frozenset(column for operand in op.operands.names for column in COLUMNS.get(operand, ()))
