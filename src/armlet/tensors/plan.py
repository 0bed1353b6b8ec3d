"""Which layout each tensor of a network gets: a split that its readers can use, borders for all windows over it.

A window that moves by `stride` rows takes words of a tensor whose halves are `stride` times as far apart as those of
what it makes. Where they are not, the tensor is laid out anew for that reader, in words of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from armlet.errors import CapacityError
from armlet.integer.layers import IntegerAdd, IntegerConv, IntegerLayer, IntegerPool
from armlet.integer.network import IntegerNetwork
from armlet.network.layers import Pair, Reshape
from armlet.network.shapes import Shape
from armlet.tensors.layout import LaneLayout
from armlet.tensors.rows import Windows, bordered


@dataclass(frozen=True, slots=True)
class TensorPlan:
    """The layout of each value, and of what each layer takes where that is laid out anew."""

    values: tuple[LaneLayout, ...]  # the input's first
    taken: tuple[LaneLayout | None, ...]  # for each layer, in place of the value that it takes
    over: Mapping[int, int]  # values that are written over what is added to them, word by word, and that


def windows_of(layer: IntegerLayer, taken: Shape) -> Windows | None:
    """None for a layer that takes planes without windows, planes as a whole, or none."""
    match layer:
        case IntegerConv():
            return Windows(layer.kernel, layer.stride, layer.padding, layer.dilation)
        case IntegerPool(size=size) if size is not None and (size != taken[1:] or any(layer.padding)):
            return Windows(size, layer.stride, layer.padding)
        case _:
            return None


def plan_tensors(network: IntegerNetwork) -> TensorPlan:
    """The layouts of all values that are planes; of a row, that of planes of one value."""
    shapes = [planes(shape) for shape in network.shapes]
    values = [LaneLayout(shape, -(-shape[1] // 2)) for shape in shapes]
    taken: list[LaneLayout | None] = [None] * len(network.layers)
    for i, windows, source in _windowed(network):
        wanted = values[i + 1].split * windows.stride[0]
        if wanted == values[source].split or values[source].height == 1:
            values[source] = bordered(values[source], windows, _made(values[i + 1]))
        else:
            taken[i] = bordered(LaneLayout(shapes[source], wanted), windows, _made(values[i + 1]))
    for i, _, source in _windowed(network):
        if (anew := taken[i]) is not None:  # rows are copied whole, so that both have their columns in one place
            values[source] = replace(
                values[source], left=max(values[source].left, anew.left), right=max(values[source].right, anew.right)
            )
    over = _written_over(network)
    _agree(network, values, over)
    for i, _, source in _windowed(network):
        if (anew := taken[i]) is not None:
            taken[i] = replace(anew, left=values[source].left, right=values[source].right)
    return TensorPlan(tuple(values), tuple(taken), over)


def planes(shape: Shape) -> Shape:
    """A row of values as planes of one value each."""
    return shape if len(shape) == 3 else (shape[0], 1, 1)


def _made(layout: LaneLayout) -> Pair:
    return layout.rows, layout.width


def _windowed(network: IntegerNetwork) -> Iterator[tuple[int, Windows, int]]:
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        windows = windows_of(layer, planes(network.shapes[sources[0]]))
        if windows is not None:
            yield i, windows, sources[0]


def _written_over(network: IntegerNetwork) -> dict[int, int]:
    """Sums with a residual that nobody takes any more: each of its words is read once, by who writes that place."""
    found = dict[int, int]()
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        if isinstance(layer, IntegerConv) and layer.residual is not None and 0 < sources[1] != sources[0]:
            takers = [j for j, each in enumerate(network.sources) if sources[1] in each]
            shaped = (isinstance(network.layers[j], Reshape) for j in (*takers, sources[1] - 1))
            if max(takers) == i and not any(shaped):
                found[i + 1] = sources[1]
    return found


def _agree(network: IntegerNetwork, values: list[LaneLayout], over: Mapping[int, int]) -> None:
    """Tensors that are added, and their sum, lie alike, so that their words are added in one run.

    So do a residual and what it is added to: from a word of one to that of the other it is always as far. What is
    written over it has its border, too.
    """
    changed = True
    while changed:
        changed = False
        for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
            if isinstance(layer, IntegerAdd):
                same = (*sources, i + 1)
            elif isinstance(layer, IntegerConv) and layer.residual is not None:
                same = (sources[1], i + 1)
            else:
                continue
            left = max(values[k].left for k in same)
            right = max(values[k].right for k in same)
            if len({values[k].split for k in same}) > 1:
                raise CapacityError(f"layer {i} adds tensors whose halves differ")
            for k in same:
                wide = replace(values[k], left=left, right=right)
                if i + 1 in over:
                    top, bottom = (max(getattr(values[j], side) for j in same) for side in ("top", "bottom"))
                    wide = replace(wide, top=top, bottom=bottom)
                changed |= wide != values[k]
                values[k] = wide
