"""The text of armlet inspect, for a terminal of 100 columns."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from textwrap import fill
from typing import TYPE_CHECKING

from armlet.cli.terminal.console import table
from armlet.errors import one_line
from armlet.network.layers import extents

if TYPE_CHECKING:
    from armlet.inspect.inspection import DomainFacts, Ends, Estimate, Inspection, LayerFacts

WIDTH = 100
_NAME = 14  # characters that names get before columns are left out, these in this order
_HEAD: Sequence[str] = (
    "layer",
    "operator",
    "gives",
    "activation",
    "weights",
    "MACs",
    "zero",
    "dead",
    "weights are",
    "values are",
)
_SPARE = ("values are", "activation", "weights are")
_BASIS = "NAME_core at zero wait states: measured cycles and bytes of a connection, times those computed."
_INTEGERS = "\nint8: armlet sparsify --activations int8, for declared inputs."


def shown(model: str, found: "Inspection") -> str:
    """All that was found, in one screen where the layers allow it."""
    parts = ["\n".join(_summary(model, found)), *([_layers(found.layers)] if found.layers else [])]
    if found.estimates:
        parts += [_estimates(found), _BASIS + ("" if found.arithmetic == "integers" else _INTEGERS)]
    return "\n\n".join(parts)


def _summary(model: str, found: "Inspection") -> Iterator[str]:
    """A line for each thing that is said of the whole."""
    title = _told(found)
    yield f"{model}: {one_line(found.format)}" + (f", {title}" if title else "")
    if found.domain is not None:
        weights, biases, macs = (found.total(name) for name in ("weights", "biases", "macs"))
        zeros, zero_macs = found.total("zero_weights"), found.total("zero_macs")
        yield _line("weights", f"{weights:,}, {_share(zeros, weights)} are zero; {biases:,} biases")
        yield _line("MACs", f"{macs:,}, {_share(zero_macs, macs)} with a weight of zero")
        yield _line("dead", _dead(found, found.domain))
        yield _line("inputs", _inputs(found.domain))
    if found.layers:
        yield _line("formats", _formats(found.layers))
    for note in found.notes:
        yield _line("note", one_line(note))
    for obstacle in found.obstacles:
        told = f"{obstacle.node}: armlet does not read {obstacle.operator}; {obstacle.hint}"
        yield _line("not read", one_line(told))
    if found.refusal:
        yield _line("compile", f"would refuse it: {one_line(found.refusal)}")


def _line(what: str, text: str) -> str:
    return fill(text, WIDTH, initial_indent=f"  {what:<9}", subsequent_indent=" " * 11, break_on_hyphens=False)


def _told(found: "Inspection") -> str:
    """The widths of a chain of dense layers, or the ends of another network."""
    if found.domain is None:
        return ""
    shapes = [found.domain.shape, *(layer.gives or () for layer in found.layers)]
    if any(layer.kind != "dense" for layer in found.layers):
        return f"{extents(shapes[0])} to {extents(shapes[-1])}"
    return "-".join(str(width) for width in (found.domain.inputs, *(shape[0] for shape in shapes[1:])))


def _share(part: int, of: int) -> str:
    return "none" if part == 0 else _percent(part, of)


def _percent(part: int, of: int) -> str:
    return f"{100 * part / of:.1f} %" if part else "0 %"


def _dead(found: "Inspection", domain: "DomainFacts") -> str:
    constant, unread = found.total("constant_channels"), found.total("unread_channels")
    told = [f"{constant:,} channel{'s are' if constant > 1 else ' is'} the same for every input"] if constant else []
    told += [f"{unread:,} channel{'s reach' if unread > 1 else ' reaches'} no output"] if unread else []
    told += [f"{domain.unread_inputs:,} of {domain.inputs:,} inputs are not read"] if domain.unread_inputs else []
    return ", ".join(told) or "none"


def _inputs(domain: "DomainFacts") -> str:
    hint = "" if domain.range else "; --declare low=0,high=1 declares one"
    return f"{extents(domain.shape)}, {domain.text}{hint}"


def _formats(layers: Sequence["LayerFacts"]) -> str:
    """How weights and values are kept, by layers that do it alike."""
    told = list[str]()
    for (weights, values), count in Counter((layer.weights_as, layer.values_as) for layer in layers).items():
        which = "" if count == len(layers) else f" ({count} {'layer' if count == 1 else 'layers'})"
        alike = weights if weights == values else f"weights {weights}, values {values}"
        told.append(one_line(alike) + which)
    return "; ".join(told)


def _layers(layers: Sequence["LayerFacts"]) -> str:
    """A row for each layer. Columns of which nothing is known, or that find no room, are left out; names are cut."""
    names = _short([one_line(layer.name) for layer in layers])
    rows: list[dict[str, str]] = [dict(zip(_HEAD, [name, *_row(layer)])) for name, layer in zip(names, layers)]
    kept = [head for head in _HEAD if head == "layer" or any(row[head] for row in rows)]
    widths = {head: max(len(head), *(len(row[head]) for row in rows)) for head in kept}
    for head in _SPARE:
        if _room(widths) < min(_NAME, widths["layer"]):
            widths.pop(head, None)
    room = _room(widths)
    cut = [[_cut(row["layer"], max(room, 5)), *(row[head] for head in [*widths][1:])] for row in rows]
    return table([*widths], cut, left=2)


def _room(widths: Mapping[str, int]) -> int:
    """What the other columns leave for names."""
    return WIDTH - sum(width + 2 for head, width in widths.items() if head != "layer")


def _short(names: Sequence[str]) -> list[str]:
    """Names without the folders that all lie in which lie in one; of fused layers, a;b;c, the first."""
    paths = [name.partition(";")[0].split("/") for name in names]
    folders = zip(*(path[:-1] for path in paths if len(path) > 1))
    shared = len([*takewhile(lambda parts: len({*parts}) == 1, folders)])
    return ["/".join(path[shared:] if len(path) > 1 else path) for path in paths]


def _row(layer: "LayerFacts") -> list[str]:
    """All but the name."""
    operator = one_line(layer.operator)
    if layer.gives is None:
        return [operator, *[""] * (len(_HEAD) - 2)]
    dead = layer.constant_channels + layer.unread_channels
    weights = [f"{layer.weights:,}", f"{layer.macs:,}", _percent(layer.zero_weights, layer.weights or 1)]
    return [
        operator,
        extents(layer.gives),
        "" if layer.activation in (None, "linear") else str(layer.activation),
        *(weights if layer.weights else [""] * 3),
        str(dead) if dead else "",
        _range(layer.weight_range),
        _range(layer.value_range),
    ]


def _range(ends: "Ends | None") -> str:
    return "" if ends is None else f"{_number(ends[0])}..{_number(ends[1])}"


def _number(value: float) -> str:
    """Three digits are enough to see by."""
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:.0f}" if abs(value) < 1e6 else f"{value:.1e}"
    return f"{value:.3g}" if abs(value) >= 1e-4 or not value else f"{value:.0e}"


def _cut(name: str, room: int) -> str:
    return name if len(name) <= room else ".." + name[2 - room :]


def _estimates(found: "Inspection") -> str:
    """Sparsities down, targets across; targets of one price stand together."""
    targets = dict[str, list["Estimate"]]()
    for each in found.estimates:
        numbers = "int8" if each.arithmetic != found.arithmetic else each.arithmetic
        targets.setdefault(f"{each.target}: {numbers}", []).append(each)
    columns = dict[tuple[tuple[int, int], ...], list[str]]()
    for title, some in targets.items():
        columns.setdefault(tuple((each.cycles, each.flash) for each in some), []).append(title)
    titles = [", ".join([*(title.partition(":")[0] for title in alike[:-1]), alike[-1]]) for alike in columns.values()]
    levels = next(iter(targets.values()))
    rows = [
        [_level(each), f"{each.connections:,}", *_figures([figures[at] for figures in columns])]
        for at, each in enumerate(levels)
        if each.is_as_it_is or each.sparsity > levels[0].sparsity
    ]
    return _grouped(titles, ["sparsity", "computed", *["cycles", "flash"] * len(titles)], rows)


def _level(estimate: "Estimate") -> str:
    share = f"{100 * estimate.sparsity:.1f}".removesuffix(".0") + " %"
    return f"{share}, as it is" if estimate.is_as_it_is else share


def _figures(each: Sequence[tuple[int, int]]) -> list[str]:
    return [text for cycles, flash in each for text in (f"{cycles:,}", _size(flash))]


def _size(flash: int) -> str:
    if flash >= 10_000_000:
        return f"{flash / 1e6:,.1f} MB"
    return f"{flash / 1000:,.{int(flash < 10_000)}f} kB"


def _grouped(titles: Sequence[str], head: list[str], rows: list[list[str]]) -> str:
    """A table whose last columns stand in pairs under `titles`."""
    for at, title in enumerate(titles):
        pair = 2 + 2 * at
        width = max(len(row[pair + 1]) for row in (head, *rows))
        head[pair] = head[pair].rjust(len(title) - width - 2)
    body = table(head, rows)
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    above = "estimates".ljust(widths[0] + 2 + widths[1])
    for at, title in enumerate(titles):
        above += "  " + title.rjust(widths[2 + 2 * at] + 2 + widths[3 + 2 * at])
    return f"{above}\n{body}"
