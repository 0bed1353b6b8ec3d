"""The mixes of schemes of which none is both smaller and faster than another, exactly."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from armlet.errors import CapacityError
from armlet.select.integer.mix.planner import Planner
from armlet.select.integer.places import FieldPlace, output_bytes, word_offsets
from armlet.select.integer.program import bytes_of, cycles_of, lines_of
from armlet.select.integer.schemes import POOL, Scheme
from armlet.select.integer.writer import Writer


@dataclass(frozen=True, slots=True)
class Mix:
    """Schemes of the layers so far, and what they cost."""

    cycles: int
    bytes: int
    schemes: tuple[Scheme, ...]


def mixes(planner: Planner, candidates: Sequence[tuple[Scheme, ...]]) -> list[Mix]:
    """The best mixes by rising cycles. What a layer costs is counted in the place of each candidate of the next."""
    fronts: dict[Scheme | None, list[Mix]] = {scheme: [Mix(0, 0, ())] for scheme in candidates[0]}
    for number in range(len(candidates)):
        after: tuple[Scheme | None, ...] = (*candidates[number + 1],) if number + 1 < len(candidates) else (None,)
        costs: dict[tuple[Scheme, int], tuple[int, int] | None] = {}
        fresh: dict[Scheme | None, list[Mix]] = {}
        for following in after:
            found: list[Mix] = []
            for scheme in candidates[number]:
                key = scheme, following.high if following else -1
                if key not in costs:
                    costs[key] = _cost(planner, number, scheme, following)
                cost = costs[key]
                if cost is not None:
                    cycles, size = cost
                    found += (
                        Mix(mix.cycles + cycles, mix.bytes + size, (*mix.schemes, scheme)) for mix in fronts[scheme]
                    )
            fresh[following] = _front(found)
        fronts = fresh
    return fronts[None]


def _front(found: Iterable[Mix]) -> list[Mix]:
    best: list[Mix] = []
    for mix in sorted(found, key=lambda mix: (mix.cycles, mix.bytes)):
        if not best or mix.bytes < best[-1].bytes:
            best.append(mix)
    return best


def _cost(planner: Planner, number: int, scheme: Scheme, following: Scheme | None) -> tuple[int, int] | None:
    """Cycles and bytes of a layer whose values go to a layer in the scheme `following`; None if it cannot be so."""
    code = planner.code(number, scheme, None)
    if following is None:
        order = code.row[::-1].tolist() if scheme.form else range(len(code.row))
        size = output_bytes(planner.network)
        stores = {neuron: FieldPlace(size * k, False) for k, neuron in enumerate(order)}
    else:
        words = planner.code(number + 1, following, code.row)
        offsets = word_offsets(following.order(words), planner.word_bytes(number + 1, following)).tolist()
        fields = ((at, k, source) for at, pair in zip(offsets, words.words.tolist()) for k, source in enumerate(pair))
        stores = {source: FieldPlace(at, bool(k)) for at, k, source in fields if source >= 0}
    writer = Writer(planner.target, POOL.get(planner.target.name, -1))
    task = replace(
        planner.task(number),
        code=code,
        words=word_offsets(scheme.order(code), planner.word_bytes(number, scheme)),
        stores=stores,
        high=scheme.high,
        stored_high=following.high if following else 0,
    )
    try:
        scheme.write(writer, task)
    except CapacityError:
        return None
    lines = lines_of(writer.rows)
    return cycles_of(planner.target, lines), bytes_of(planner.target, lines) + len(writer.pool)
