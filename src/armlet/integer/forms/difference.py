"""Where a program first leaves its network, in words: the neuron, and the weight that its sum takes in otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from armlet.integer.forms.declared import DeclaredLayer, declared_results, input_forms
from armlet.integer.forms.linear import Linear, Parts, twos
from armlet.integer.forms.words import Word, Words
from armlet.integer.network import IntegerNetwork

_BITS = 32


@dataclass(frozen=True, slots=True)
class Difference:
    """What is wrong, and the word of the program that comes nearest to what should be there, where one does."""

    problem: str
    near: Word | None = None


def find_difference(
    words: Words, network: IntegerNetwork, layers: Sequence[DeclaredLayer], left: Sequence[Word | None], made: int
) -> Difference | None:
    """None where what a program left are the outputs of the network; the unknowns that it made come before `made`."""
    results = declared_results(network, layers[-1].stored, words.unknowns)
    for j, (word, form) in enumerate(zip(left, results, strict=True)):
        if word is None:
            return Difference(f"output {j} is never written")
        if words.same(word, words.word(form)):
            continue
        layer, neuron = _first_missing(
            network, layers, (j,) if network.argmax is None else range(network.outputs), made
        )
        if network.argmax is not None and layer == len(layers) - 1:
            return Difference("the number of the largest output: another one is left, or it is not shown", word)
        wanted, place = layers[layer].sums[neuron], f"layer {layer}, neuron {neuron}"
        names = _names(words, network, layers, layer)
        if form is wanted:  # a sum that is stored as it is
            return Difference(_told(place, wanted, [(0, words.value(word, True).parts)], names)[0], word)
        problem, near = _told(place, wanted, _made_sums(words, made), names)
        return Difference(problem, _first_word(words, near) if near >= 0 else None)
    return None


def _first_missing(
    network: IntegerNetwork, layers: Sequence[DeclaredLayer], outputs: Sequence[int], made: int
) -> tuple[int, int]:
    """The first neuron on the way to outputs whose value the program never makes; an output itself, at last."""
    needed = {*outputs}
    found = len(layers) - 1, outputs[0]
    for i in range(len(layers) - 2, -1, -1):
        rows = network.dense[i + 1].weight[sorted(needed)]
        needed = set(np.flatnonzero((rows != 0).any(axis=0)).tolist())
        missing = [k for k in sorted(needed) if any(v >= made for v in layers[i].stored[k].parts)]
        found = (i, missing[0]) if missing else found
    return found


def _made_sums(words: Words, made: int) -> list[tuple[int, Parts]]:
    """What the program divided, clamped or looked up, by the number of the unknown that came of it."""
    kinds = ("floor", "clip", "step", "lookup", "residue")
    found = enumerate(words.unknowns.definitions[:made])
    return [(number, dict(parts)) for number, (kind, parts, _) in found if kind in kinds]


def _first_word(words: Words, unknown: int) -> Word | None:
    """The first word that has an unknown in it, or what was made of it."""
    made = {unknown}
    for number, (_, parts, _) in enumerate(words.unknowns.definitions):
        made |= {number} if any(part in made for part, _ in parts) else set()
    having = (k for k, key in enumerate(words.keys) if isinstance(key, Linear) and made & key.parts.keys())
    return next(having, None)


def _names(words: Words, network: IntegerNetwork, layers: Sequence[DeclaredLayer], layer: int) -> dict[int, str]:
    """What the unknowns in the sums of a layer are called."""
    inputs, values = enumerate(input_forms(network, words.unknowns)), enumerate(layers[max(layer - 1, 0)].stored)
    named = (("neuron", k, form) for k, form in values) if layer else (("input", k, form) for k, form in inputs)
    return {form.single: f"{what} {k}" for what, k, form in named if form.single is not None}


def _told(place: str, wanted: Linear, sums: list[tuple[int, Parts]], names: dict[int, str]) -> tuple[str, int]:
    """What is wrong with a sum, and the number of the one that comes nearest; -1 for none."""
    common = min((twos(c, _BITS) for c in wanted.parts.values()), default=0)
    best, near, found = len(wanted.parts), -1, dict[int, int]()
    for number, parts in sums:
        for factor in {1, 1 << common}:
            scaled = {v: c * factor for v, c in parts.items()}
            differing = len(scaled.items() ^ wanted.parts.items())  # a weight that is another counts twice
            if differing < best or (near < 0 and not differing):
                best, near, found = differing, number, scaled
    if near < 0:
        return f"{place}: its sum is never made", near
    wrong = sorted({v for v, _ in found.items() ^ wanted.parts.items()})
    if not wrong:
        return f"{place}: its bias, scaling or clamp is another, or its sum may leave its field", near
    before, after = wanted.parts.get(wrong[0], 0), found.get(wrong[0], 0)
    name = names.get(wrong[0], "something else")
    if not after:
        return f"{place}: its sum never takes in {before} times {name}", near
    return f"{place}: its sum takes in {after} times {name}, not {before}", near
