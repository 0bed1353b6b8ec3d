"""The text of what each stage of a compilation made, printed and read back: the products of `armlet compile --print`.

A text is read with the products before it, which it does not repeat.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from armlet.errors import InputError
from armlet.graph.text import parse_graph, show_graph
from armlet.layout.text import parse_layout, show_layout
from armlet.pipeline import Compilation
from armlet.schedule.text.code_text import parse_code, show_code
from armlet.schedule.text.order_text import parse_order, show_order
from armlet.select.text import parse_program, show_program


@dataclass(frozen=True, slots=True)
class Product:
    """How one product is printed, and read beside the others of its compilation. Reading raises `InputError`."""

    show: Callable[[Compilation], str]
    parse: Callable[[str, Compilation], Any]


PRODUCTS: Mapping[str, Product] = MappingProxyType(
    {
        "graph": Product(  # as it is computed: simplified, merged and rescaled
            lambda made: show_graph(made.order.graph), lambda text, _: parse_graph(text)
        ),
        "order": Product(lambda made: show_order(made.order), lambda text, made: parse_order(text, made.order.graph)),
        "code": Product(lambda made: show_code(made.program.code), lambda text, made: parse_code(text, made.order)),
        "layout": Product(
            lambda made: show_layout(made.layout, made.order.graph),
            lambda text, made: parse_layout(text, made.order.graph),
        ),
        "program": Product(
            lambda made: show_program(made.program),
            lambda text, made: parse_program(text, made.program.code, made.layout),
        ),
    }
)


def check_product(name: str) -> str:
    """`name` if there is such a product. Raises `InputError`."""
    if name not in PRODUCTS:
        raise InputError(f"--print {name[:40]!r}", "is no product of a stage", f"choose from: {', '.join(PRODUCTS)}")
    return name
