"""What a program of a network with windows must compute, as stencils: each sum in its order, on the cells it takes.

A tensor is all words of its layout. Those of the border are +0, or the inputs' mean beside them, and each value is a
function of cells of the tensors that its layer takes. The order of the sums is that of `tensors/floats/sums.py`; of the
program nothing is known here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from armlet.arithmetic.arithmetic import Arithmetic, finish
from armlet.arithmetic.number_format import patterns
from armlet.isa.semantics import Term, TermAlgebra
from armlet.network.activation import Activation
from armlet.network.layers import Add, Conv, Dense, Depthwise, Pool, Reduction, Reshape
from armlet.network.network import Network
from armlet.network.normalise import fold_into_windows
from armlet.prove.contract import I64, Contract, Stencil, Tensor, Value, numbers
from armlet.tensors.floats.planes import PlacedPlanes, homes_of
from armlet.tensors.floats.sums import Span, Sums, pool_spans, reciprocal, sums_of
from armlet.tensors.rows import WORD

INPUT, OUTPUT = "input", "output"  # the C arrays


def name_of(value: int) -> str:
    """The tensor of a value that has a place of its own."""
    return f"value {value}"


def plane_contract(
    network: Network, arithmetic: Arithmetic, values: Mapping[int, PlacedPlanes], arrays: tuple[I64, I64] | None
) -> Contract:
    """That of NAME_core; with `arrays` that of NAME_run: for each value, its index in the C arrays."""
    homes = homes_of(network)
    tensors = [Tensor(name_of(home), placed.layout.words, False) for home, placed in sorted(values.items())]
    if arrays is not None:
        tensors += [Tensor(INPUT, len(arrays[0]), True), Tensor(OUTPUT, len(arrays[1]), False)]
    bare = Contract(tuple(tensors), (), arithmetic)
    stencils = list(_stencils(network, arithmetic, values, bare))
    given, final = _cells(bare, 0, values[0]), _cells(bare, homes[-1], values[homes[-1]])
    if arrays is None:
        return replace(bare, stencils=tuple(stencils), filled=given, left=(name_of(homes[-1]),))
    first = bare.cells(name_of(0), 0)
    stencils.append(Stencil(name_of(0), _same, given - first, bare.cells(INPUT, arrays[0])[None]))
    stencils.append(Stencil(OUTPUT, _same, arrays[1], final[None]))
    return replace(bare, stencils=tuple(stencils), left=(OUTPUT,))


def _same(_: TermAlgebra, operands: Sequence[Term]) -> Term:
    return operands[0]


def _cells(contract: Contract, home: int, placed: PlacedPlanes) -> I64:
    """The cells of all values of a tensor, in the network's order."""
    return contract.cells(name_of(home), placed.layout.places.ravel() // WORD)


def _stencils(
    network: Network, arithmetic: Arithmetic, values: Mapping[int, PlacedPlanes], contract: Contract
) -> Iterator[Stencil]:
    homes, folded = homes_of(network), fold_into_windows(network)
    for home, placed in values.items():
        border, number = placed.layout.border // WORD, numbers(0.0 if home else folded.border)
        if len(border):
            yield Stencil(name_of(home), _same, border, np.broadcast_to(number, (1, len(border))))
    for i, (layer, sources) in enumerate(zip(folded.network.layers, network.sources)):
        made, taken = homes[i + 1], [homes[source] for source in sources]
        layouts = [values[home].layout for home in taken]
        match layer:
            case Dense() | Conv() | Depthwise():
                sums, first = sums_of(layer, layouts[0].shape), contract.cells(name_of(taken[0]), 0)
                for j in range(len(sums.bias)):
                    cells = _made_cells(values[made], j, isinstance(layer, Dense))
                    at = _window_cells(values[taken[0]], sums, j, cells.shape)
                    yield Stencil(name_of(made), _sum_of(arithmetic, sums, j), cells.ravel(), at + first)
            case Pool():
                yield from _pool(layer, (taken[0], made), values, contract)
            case Add(activation, slope):
                both = np.stack([_cells(contract, home, values[home]) for home in taken])
                cells = values[made].layout.places.ravel() // WORD
                yield Stencil(name_of(made), _addition(arithmetic, activation, slope), cells, both)
            case Reshape():
                pass


def _made_cells(placed: PlacedPlanes, channel: int, is_row: bool) -> I64:
    """The words of an output channel at all positions, (height, width)."""
    places = placed.layout.places // WORD
    return places.reshape(-1)[channel].reshape(1, 1) if is_row else places[channel]


def _window_cells(placed: PlacedPlanes, sums: Sums, channel: int, shape: tuple[int, ...]) -> I64:
    """The words that the sums of a channel take, (taps, positions)."""
    layout, taps, (down, across) = placed.layout, sums.taps[channel], sums.stride
    row, column = np.indices(shape).reshape(2, -1)
    rows = taps.row[:, None] + row * down - sums.padding[0] + layout.top
    columns = taps.column[:, None] + column * across - sums.padding[1] + layout.left
    return (rows * layout.channels + taps.channel[:, None]) * layout.pitch + columns


def _sum_of(arithmetic: Arithmetic, sums: Sums, channel: int) -> Value:
    """A sum of weights, finished."""
    weights, bias = patterns(sums.taps[channel].weight), int(patterns(sums.bias)[channel])
    slope = int(patterns(np.array([sums.slope], np.float32))[0])
    has_bias = bool(sums.bias[channel] != 0)

    def value(terms: TermAlgebra, operands: Sequence[Term]) -> Term:
        total, is_first = terms.constant(bias), True
        for weight, x in zip(weights, operands, strict=True):
            w = terms.constant(int(weight))
            if is_first:
                total = arithmetic.begin(terms, total if has_bias else None, w, x)
            else:
                total = arithmetic.accumulate(terms, total, w, x)
            is_first = False
        return finish(arithmetic, terms, sums.activation, terms.constant(slope), total)

    return value


def _addition(arithmetic: Arithmetic, activation: Activation, slope: float) -> Value:
    bits = int(patterns(np.array([slope], np.float32))[0])

    def value(terms: TermAlgebra, operands: Sequence[Term]) -> Term:
        return finish(arithmetic, terms, activation, terms.constant(bits), terms.add(operands[0], operands[1]))

    return value


def _pool(
    pool: Pool, homes: tuple[int, int], values: Mapping[int, PlacedPlanes], contract: Contract
) -> Iterator[Stencil]:
    taken, made = values[homes[0]].layout, values[homes[1]].layout
    first = contract.cells(name_of(homes[0]), 0)
    for rows in pool_spans(pool, taken.shape, made.shape)[0]:
        for columns in pool_spans(pool, taken.shape, made.shape)[1]:
            channel, y, x = np.indices((made.channels, rows.count, columns.count)).reshape(3, -1)
            cells = ((y + rows.first + made.top) * made.channels + channel) * made.pitch + x + columns.first + made.left
            down, across = _offsets(rows, columns)
            row = (y + rows.first) * pool.stride[0] - pool.padding[0] + down + taken.top
            column = (x + columns.first) * pool.stride[1] - pool.padding[1] + across + taken.left
            operands = (row * taken.channels + channel) * taken.pitch + column
            value = _largest if pool.reduction is Reduction.MAX else _average(len(down))
            yield Stencil(name_of(homes[1]), value, cells, operands + first)


def _offsets(rows: Span, columns: Span) -> tuple[I64, I64]:
    """Rows and columns of the part of a window that lies in the plane, each (values, 1), in order."""
    row, column = np.indices((rows.end - rows.begin, columns.end - columns.begin)).reshape(2, -1, 1)
    return row + rows.begin, column + columns.begin


def _largest(terms: TermAlgebra, operands: Sequence[Term]) -> Term:
    """b + (a - b where the difference in floating point has no sign, else 0), in whole numbers: a or b as it is."""
    total = operands[0]
    for x in operands[1:]:
        kept = terms.kept(terms.whole_difference(total, x), terms.subtract(total, x))
        total = terms.whole_sum(kept, x)
    return total


def _average(count: int) -> Value:
    factor = int(patterns(np.array([reciprocal(count)], np.float32))[0])

    def value(terms: TermAlgebra, operands: Sequence[Term]) -> Term:
        total = operands[0]
        for x in operands[1:]:
            total = terms.add(total, x)
        return terms.multiply(terms.constant(factor), total)

    return value
