"""Its one machine, as a table."""

from dataclasses import replace

from armlet.arithmetic.arithmetics import known_arithmetics
from armlet.isa.operation import OPERANDS, Operation
from armlet.isa.target import RegisterPartition, Template
from armlet.isa.thumb.cortex_m4f import CORTEX_M4F


def _template(op: Operation) -> Template:
    holes = " ".join(f"{{{hole}}}" for hole in sorted(OPERANDS[op].names))
    return Template(f"{op.name.lower().replace('_', '.')} {holes}".strip(), 4, 1)


EIGHT = replace(
    CORTEX_M4F,
    name="eight",
    title="a toy of eight registers",
    floats=tuple(f"v{i}" for i in range(8)),
    preserved_floats=8,
    partitions=(RegisterPartition(5, 3), RegisterPartition(4, 4)),
    batch=2,
    immediates=(),
    arithmetics=tuple(each for each in known_arithmetics() if each.format.name == "float64"),
    templates={op: _template(op) for op in Operation},
)
TARGETS = (EIGHT,)
INTEGER_TARGETS = ()
