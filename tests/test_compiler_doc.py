"""The worked example in docs/compiler.md is what the compiler prints; --bless writes it anew."""

import re
from pathlib import Path

import numpy as np
import pytest

from armlet.config import AnnealOptions, CompileOptions
from armlet.graph.text import show_graph
from armlet.network.domain import InputDomain
from armlet.network.network import multilayer_perceptron
from armlet.pipeline import compile_network
from armlet.products import PRODUCTS

DOCUMENT = Path(__file__).parent.parent / "docs" / "compiler.md"
BLOCK = re.compile(r"(<!-- printed: (\w+) -->\n```\n)(.*?)(```\n)", re.S)


def texts() -> dict[str, str]:
    weights = [np.array([[1.0, -0.5], [0.0, 2.0]]), np.array([[3.0, 0.5]])]
    network = multilayer_perceptron([*weights], [np.array([0.25, -1.0]), np.zeros(1)], InputDomain.uniform(2))
    made = compile_network(network, "tiny", CompileOptions(registers=4, anneal=AnnealOptions(moves=50)))
    assembly = made.bundle.files["tiny.S"].decode()
    core = assembly[assembly.index("tiny_core:") : assembly.index("  .size tiny_core")]
    return {
        "built": show_graph(made.graph),
        **{name: product.show(made) for name, product in PRODUCTS.items()},
        "assembly": core,
    }


def test_the_example_shows_every_product_as_it_is_printed(request: pytest.FixtureRequest):
    wanted, text = texts(), DOCUMENT.read_text(encoding="utf-8")
    assert [name for _, name, _, _ in BLOCK.findall(text)] == list(wanted)
    fresh = BLOCK.sub(lambda block: block[1] + wanted[block[2]] + block[4], text)
    if request.config.getoption("--bless"):
        DOCUMENT.write_text(fresh, encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == fresh
