"""Prints what each stage of a compilation made: the texts of `armlet compile --print`, by name.

A text is read with those before it: `parse_order` wants the graph, `parse_code` the order, `parse_layout` the graph,
`parse_program` the code and the layout.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from armlet.errors import InputError
from armlet.graph.text import show_graph
from armlet.layout.text import show_layout
from armlet.pipeline import Compilation
from armlet.schedule.code_text import show_code
from armlet.schedule.order_text import show_order
from armlet.select.text import show_program

PRODUCTS: Mapping[str, Callable[[Compilation], str]] = MappingProxyType(
    {
        "graph": lambda made: show_graph(made.order.graph),  # as it is computed: simplified, merged and rescaled
        "order": lambda made: show_order(made.order),
        "code": lambda made: show_code(made.program.code),
        "layout": lambda made: show_layout(made.layout, made.order.graph),
        "program": lambda made: show_program(made.program),
    }
)


def check_product(name: str) -> str:
    """`name` if there is such a product. Raises `InputError`."""
    if name not in PRODUCTS:
        raise InputError(f"--print {name[:40]!r}", "is no product of a stage", f"choose from: {', '.join(PRODUCTS)}")
    return name
