"""What docs/firmware.md says of networks in integers, in C: compiled, linked with the program, compared to the bit."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from armlet.integer.interpret import run_integers
from armlet.integer.network import IntegerNetwork
from armlet.integer.requantise import Shift
from armlet.isa.core import Core
from armlet.pipeline import find_integer_target
from armlet.simulate.machine import Machine
from armlet.toolchain.image import read_image
from armlet.toolchain.toolchain import Toolchain
from conftest import REPOSITORY
from generators.integer_builds import naively_compiled
from generators.naive_integers import draw_relu_network

CORE = find_integer_target("cortex-m4").core


def reference() -> str:
    """The function in the documentation."""
    found = re.search(r"```c\n([^`]*void layer\([^`]*)```", (REPOSITORY / "docs" / "firmware.md").read_text())
    assert found
    return found[1]


def array(name: str, c_type: str, values: NDArray[np.generic]) -> str:
    numbers = ", ".join(str(value) for value in values.ravel().tolist())
    return f"static const {c_type} {name}[] = {{ {numbers} }};\n"


def firmware(network: IntegerNetwork) -> str:
    """Calls of the reference and of the program, one after the other, with arrays as a PARAMS folder has them."""
    text = f"#include <stdint.h>\n{reference()}\nstatic int32_t v[{len(network.layers) + 1}][{max(network.widths)}];\n"
    calls = "".join(f"  v[0][{i}] = input[{i}];\n" for i in range(network.inputs))
    for k, layer in enumerate(network.dense):
        text += array(f"W_{k}", "int8_t", layer.weight) + array(f"b_{k}", "int32_t", layer.bias)
        scaled = isinstance(layer.requantisation, Shift)
        if isinstance(layer.requantisation, Shift):
            text += array(f"shift_{k}", "int8_t", layer.requantisation.shift)
        ends = f"{layer.zero}, {layer.low[0]}, {layer.high[0]}" if scaled else "0, INT32_MIN, INT32_MAX"
        shift, sizes = f"shift_{k}" if scaled else "0", f"{layer.neurons}, {layer.inputs}"
        calls += f"  layer(W_{k}, b_{k}, {shift}, {ends}, {sizes}, v[{k}], v[{k + 1}]);\n"
    kept = "".join(f"  output[{j}] = v[{len(network.dense)}][{j}];\n" for j in range(network.outputs))
    return f"{text}void go(const uint8_t *input, int32_t *output)\n{{\n{calls}{kept}}}\n"


def linked(text: str, header: str, program: str, core: Core, tools: Toolchain) -> Machine:
    whole = header + text + "void both(const uint8_t *x, int32_t *a, int32_t *b) { net_run(x, a); go(x, b); }\n"
    parts = [tools.compile_c(whole, core), tools.assemble(program, core)]
    return Machine(core, read_image(tools.link(parts, core, "both"), core.instruction_set))


def test_the_program_gives_what_the_c_of_the_documentation_gives(each_toolchain: Toolchain):
    network = draw_relu_network((24, 12, 8, 5), 2)
    made = naively_compiled(network)
    files = {name: made.bundle.files[name].decode() for name in ("net.h", "net.S")}
    machine = linked(firmware(network), files["net.h"], files["net.S"], CORE, each_toolchain)
    source, one, other = machine.reserve(64), machine.reserve(64), machine.reserve(64)
    rng = np.random.default_rng(0)
    for x in (np.zeros(24), np.full(24, 255), *rng.integers(0, 256, (6, 24))):
        machine.write(source, x.astype(np.uint8).tobytes())
        machine.call("both", (source, one, other))
        wanted = run_integers(network, x)[0].astype("<i4").tobytes()
        assert machine.read(one, 20) == machine.read(other, 20) == wanted


def test_the_header_is_read_without_a_warning(each_toolchain: Toolchain, tmp_path: Path):
    made = naively_compiled(draw_relu_network((300, 3)))
    header = made.bundle.files["net.h"].decode()
    use = "double one(void) { return net_INPUT_SCALE * (net_INPUT_HIGH - net_INPUT_ZERO); }\n"
    assert each_toolchain.compile_c(header + header + use, CORE)


@pytest.mark.parametrize("lines", [12])
def test_the_reference_is_short(lines: int):
    assert len(reference().strip().splitlines()) <= lines
