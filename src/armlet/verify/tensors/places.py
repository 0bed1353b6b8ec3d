"""That tensors which live at one time lie apart, and that the block has the size and the bound that they give."""

from collections.abc import Iterator
from itertools import combinations

from msgspec.structs import replace

from armlet.build.tensors.manifest import PlaceEntry, TensorManifest, placed
from armlet.integer.layers import IntegerConv
from armlet.integer.network import IntegerNetwork
from armlet.network.layers import Reshape

_WORD = 4
_Piece = tuple[str, int, int, int, int]  # what it is, start, size, first and last layer


def places_disagreement(network: IntegerNetwork, manifest: TensorManifest) -> str:
    """The first that does not hold, in words; empty where all do."""
    pieces = [*_pieces(network, manifest)]
    for entry in (*manifest.values, *manifest.taken):
        if entry.size != placed(entry).layout.size:
            return f"the tensor at {entry.start} is declared {entry.size} bytes, its layout has others"
    lives = _lives(network)
    if lost := [entry.number for entry in manifest.values if lives.get(entry.number) != (entry.first, entry.last)]:
        return f"value {lost[0]} lives at other layers than declared"
    if lost := [entry.number for entry in manifest.taken if (entry.first, entry.last) != (entry.number,) * 2]:
        return f"what layer {lost[0]} takes lives at other layers than declared"
    if lost := sorted(lives.keys() - {entry.number for entry in manifest.values} - {max(lives)}):
        return f"value {lost[0]} has no place"
    over = {*_written_over(network, manifest)}
    for one, other in combinations(pieces, 2):
        apart = (
            one[1] + one[2] <= other[1]
            or other[1] + other[2] <= one[1]
            or {(one[0], other[0]), (other[0], one[0])} & over
        )
        if not apart and one[3] <= other[4] and other[3] <= one[4]:
            return f"{one[0]} and {other[0]} lie over each other, and live at one time"
    return _block_disagreement(network, manifest, pieces)


def _written_over(network: IntegerNetwork, manifest: TensorManifest) -> Iterator[tuple[str, str]]:
    """Residuals over which a value may be written that they are added to, word by word, for the last time.

    The layer must take its windows of something else, and both must lie alike.
    """
    lives, entries = _lives(network), {entry.number: entry for entry in manifest.values}
    homes = [0]
    for k, (layer, sources) in enumerate(zip(network.layers, network.sources), 1):
        homes.append(homes[sources[0]] if isinstance(layer, Reshape) else k)
        if not isinstance(layer, IntegerConv) or layer.residual is None:
            continue
        other = homes[sources[1]]
        if other != homes[sources[0]] and other and lives[other][1] == k - 1 and {k, other} <= entries.keys():
            one, two = (replace(entries[each], number=0, first=0, last=0) for each in (k, other))
            if one == two:
                yield f"value {other}", f"value {k}"


def _block_disagreement(network: IntegerNetwork, manifest: TensorManifest, pieces: list[_Piece]) -> str:
    steps = range(len(network.layers))  # what begins at one place at one step is one tensor, written over another
    held = [sum({start: size for _, start, size, first, last in pieces if first <= k <= last}.values()) for k in steps]
    memory = manifest.memory
    for what, declared, wanted in (
        ("block", memory.block, max(start + size for _, start, size, _, _ in pieces)),
        ("bound", memory.bound, max(held)),
        ("peak", memory.peak, held.index(max(held))),
    ):
        if declared != wanted:
            return f"memory.{what} is declared {declared}, must be {wanted}"
    return ""


def _pieces(network: IntegerNetwork, manifest: TensorManifest) -> Iterator[_Piece]:
    for what, entries in (("value", manifest.values), ("what is taken by layer", manifest.taken)):
        yield from (_piece(f"{what} {entry.number}", entry) for entry in entries)
    size, count = network.output_bytes, len(network.layers)
    yield "the outputs", manifest.outputs, size + -size % _WORD, max(_lives(network)) - 1, count


def _piece(what: str, entry: PlaceEntry) -> _Piece:
    return what, entry.start, entry.size, entry.first, entry.last


def _lives(network: IntegerNetwork) -> dict[int, tuple[int, int]]:
    """For each value that is no other one reshaped, the layer that makes it and the last that takes it."""
    same, lives = {0: 0}, {0: (-1, -1)}
    for i, (layer, sources) in enumerate(zip(network.layers, network.sources)):
        for source in sources:
            first, _ = lives[same[source]]
            lives[same[source]] = first, i
        same[i + 1] = same[sources[0]] if isinstance(layer, Reshape) else i + 1
        if same[i + 1] == i + 1:
            lives[i + 1] = i, i
    first, _ = lives[same[len(network.layers)]]
    lives[same[len(network.layers)]] = first, len(network.layers)
    return lives
