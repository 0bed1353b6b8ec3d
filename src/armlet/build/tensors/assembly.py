"""Writes a program for tensors as assembly text that GNU as and LLVM read alike."""

from collections.abc import Mapping

import numpy as np

from armlet.build import names
from armlet.build.integer.assembly import constant_lines, run_opening, text_lines
from armlet.build.integer.lines import Listing
from armlet.build.skeleton import block, closing, function_opening, opening
from armlet.build.tensors.frame import TensorFrame
from armlet.integer.layers import integer_kind_of
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_target import IntegerTarget
from armlet.select.tensors.program import TensorProgram


def show_tensor_assembly(program: TensorProgram, frame: TensorFrame, name: str) -> str:
    """NAME.S: the two entry points, the constants, the block of NAME_run. Comments say where each layer begins."""
    target = program.target
    core = Listing(target, program.lines, names.constants_symbol(name))
    out = [
        *opening(target, name),
        *tensor_core_opening(target, name),
        *text_lines(frame.enter),
        *core.show(_comments(program)),
        *text_lines(frame.leave),
        *closing(names.core_symbol(name)),
        *run_opening(target, name, program.network),
        *frame.run,
        *closing(names.run_symbol(name)),
        *constant_lines(target, program.constants.tobytes(), name),
        *block(names.block_symbol(name), program.size),
    ]
    return "\n".join(out) + "\n"


def tensor_core_opening(target: IntegerTarget, name: str) -> list[str]:
    """Before the instructions of NAME_core."""
    symbol = names.core_symbol(name)
    return function_opening(target, symbol, f"void {symbol}(void *block): inputs and outputs as the drivers place them")


def layer_comment(target: IntegerTarget, network: IntegerNetwork, layer: int) -> str:
    """What stands behind the first line of a layer."""
    return f"{target.comment} layer {layer}: {integer_kind_of(network.layers[layer])}"


def _comments(program: TensorProgram) -> Mapping[int, str]:
    layers, first = np.unique(np.maximum(program.lines["layer"], 0), return_index=True)
    both = zip(first.tolist(), layers.tolist())
    return {at: layer_comment(program.target, program.network, layer) for at, layer in both}
