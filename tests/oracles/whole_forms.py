"""The plain way to prove a program on tensors: every trip of every loop executed on the forms of the inputs."""

from itertools import product

from armlet.integer.forms.byte_memory import ByteMemory
from armlet.integer.forms.declared import stored_form
from armlet.integer.forms.linear import Linear
from armlet.integer.forms.words import Words
from armlet.integer.layers import IntegerConv
from armlet.isa.core import Memory
from armlet.isa.semantics import RefusalError
from armlet.isa.thumb.reading import branch_of, compile_integer_step
from armlet.isa.thumb.thumb import THUMB
from armlet.prove.execute import MEMORY, RETURN, form_number
from armlet.prove.state import State
from armlet.prove.tensors.contract import TensorCall, TensorContract
from armlet.simulate.decoded import DecodedProgram
from armlet.simulate.runner import MemoryRegion
from armlet.toolchain.image import Image

MOST = 50_000  # instructions


def holds_whole(program: DecodedProgram, image: Image, call: TensorCall, contract: TensorContract) -> bool:
    """Whether a program of convolutions leaves the declared form in every output, and gives back what it must."""
    words = Words()
    state = _start(words, image, call)
    before = dict(state.registers)
    given = contract.inputs[0]
    place = {
        at: call.piece(at) * MEMORY + at for at in (*given.addresses.tolist(), *contract.outputs.addresses.tolist())
    }
    values = [Linear(0, {words.unknowns.given("input", int(cell), (-128, 127)): 1}) for cell in given.cells]
    for zero in contract.zeros:
        state.memory.write(call.piece(zero.base) * MEMORY + zero.base, zero.size, words.constant(0))
    for at, more, value in zip(given.addresses.tolist(), given.added.tolist(), values):
        state.memory.write(place[at], 1, words.word(value.plus(more)))
    try:
        _run(state, program, image.address(call.entry))
    except RefusalError:
        return False
    shape = contract.network.shape
    for layer in contract.network.layers:
        assert isinstance(layer, IntegerConv)
        assert len(shape) == 3
        values, shape = _convolved(words, layer, values, (shape[0], shape[1], shape[2]))
    outputs = contract.outputs
    for cell, at, more in zip(outputs.cells.tolist(), outputs.addresses.tolist(), outputs.added.tolist()):
        left = state.memory.load(place[at], 1)
        wanted = words.word(words.unknowns.residue(values[cell].plus(more), 8, False))
        if left is None or not words.same(left, wanted):
            return False
    return all(words.same(state.registers[name], before[name]) for name in call.preserved)


def _start(words: Words, image: Image, call: TensorCall) -> State[Words]:
    areas = [
        MemoryRegion(
            region.what, Memory(region.memory.base + k * MEMORY, region.memory.size), region.writable, region.content
        )
        for k, piece in enumerate(call.pieces, 1)
        for region in piece
    ]
    stack = next(area.memory for area in areas if area.what == "stack")
    registers = {name: words.unknown("register", k) for k, name in enumerate(call.preserved)}
    registers |= {"sp": words.pointer(stack.end), "lr": words.pointer(RETURN | 1)}
    registers |= {f"r{k}": words.pointer(call.piece(at) * MEMORY + at) for k, at in enumerate(call.arguments)}
    symbols = {piece[0].memory.base: k * MEMORY + piece[0].memory.base for k, piece in enumerate(call.pieces, 1)}
    return State(words, THUMB, image, areas, stack, registers, symbols, ByteMemory(words))


def _run(state: State[Words], program: DecodedProgram, at: int) -> None:
    for _ in range(MOST):
        if at == RETURN:
            return
        form = program.forms[form_number(program, at)]
        branch = branch_of(form)
        if branch is None:
            to = compile_integer_step(form)(state, at)
        else:
            left = None if state.flags is None else state.terms.bits(state.flags)
            if left is None:
                raise RefusalError("goes on by what depends on data")
            to = branch[1] if (left == 0) == branch[0] else None
        at = at + form.size if to is None else to
    raise RefusalError("takes too long")


def _convolved(
    words: Words, layer: IntegerConv, values: list[Linear], shape: tuple[int, int, int]
) -> tuple[list[Linear], tuple[int, int, int]]:
    """Every value of a convolution, tap by tap."""
    channels, height, width = shape
    top, left, bottom, right = layer.padding
    outputs, inputs, tall, wide = layer.weight.shape
    down = (height + top + bottom - (tall - 1) * layer.dilation[0] - 1) // layer.stride[0] + 1
    across = (width + left + right - (wide - 1) * layer.dilation[1] - 1) // layer.stride[1] + 1
    planes = {
        (c, y, x): values[(c * height + y) * width + x]
        for c in range(channels)
        for y in range(height)
        for x in range(width)
    }
    found = list[Linear]()
    for o in range(outputs):
        first = o // (outputs // layer.groups) * inputs
        for row, column in product(range(down), range(across)):
            total = Linear(int(layer.body.bias[o]))
            for c, y, x in product(range(inputs), range(tall), range(wide)):
                at = row * layer.stride[0] + y * layer.dilation[0] - top
                to = column * layer.stride[1] + x * layer.dilation[1] - left
                taken = planes.get((c + first, at, to), Linear(layer.border))
                total = total.add(taken.times(int(layer.weight[o, c, y, x])))
            found.append(stored_form(layer.body, o, total, words.unknowns, "output"))
    return found, (outputs, down, across)
