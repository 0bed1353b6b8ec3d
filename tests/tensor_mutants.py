"""The verifier on trial over programs of int8 networks with windows: any faults, and faults in what loops are made of.

    python tests/tensor_mutants.py [--mutants 4000] [--each 40] [--inputs 100] [--most BYTES] [--seed K] [--first I]

Random networks, of any layers and in shapes that people use, are compiled in turn; of each whose code is not too long
so many mutants of the linked program are made: of the kinds of `armlet verify --mutants`, and aimed at the instructions
of `AIMS`. Each is judged as there: refused by decoding, proof or machine, or the same outputs to the bit for all inputs
that it is tried on, through both entries. Exit code 1 where a mutant is missed.
"""

import argparse
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np

from armlet.build.tensors.read import read_tensor_build
from armlet.errors import CapacityError
from armlet.mutate.mutants import KINDS, Change, Kind, Kinds, Source
from armlet.mutate.trial import Outcome, Trial, try_image
from armlet.simulate.link import link_build
from armlet.toolchain.toolchain import find_toolchain
from fuzz import memory_folder
from generators.shaped import shaped_network
from generators.tensor_builds import compiled_tensors
from generators.windows import answering, windowed_network

MOST = 4096  # bytes of code, so that a proof is quick
AIMS = {
    "counter, end of a loop": r"(subs|cmp|bne|beq)\b",
    "base, stride": r"(add|sub)(w|\.w)? (\w+, )+#",
    "place": r"(movw|movt)\b",
    "load, store": r"(ldr|str)\w*(\.w)? .*\[",
    "border, weight": r"(mov|movs|mvn)(\.w)? \w+, #",
    "product": r"(smlal|smmla|smmul|mla|mul)\w*\b",
    "field, shift, clamp": r"(usat|ssat|ubfx|sbfx|uxtb|sxtb|asr|lsl|lsr|orr|bic|eor)\w*\b",
}
CHANGES = ("offset or immediate", "register", "operands exchanged", "instruction deleted")


def aimed(pattern: str) -> Kind:
    """One of `CHANGES` in an instruction that looks so."""
    looks = re.compile(pattern)

    def draw(source: Source) -> Change | None:
        places = tuple(place for place in source.places if looks.match(place.text))
        name = CHANGES[source.draw(len(CHANGES))]
        return KINDS[name](replace(source, places=places)) if places else None

    return draw


def table(source: Source) -> Change | None:
    """Another word among the constants: one or a power of two more or less, or its neighbour."""
    words = np.frombuffer(source.constants.content, "<u4", source.constants.size // source.core.word)
    if not len(words):
        return None
    k = source.draw(len(words))
    old, step = int(words[k]), 1 << source.draw(32)
    choices = (old + 1, old - 1, old + step, old - step, int(words[k - 1]))
    new = choices[source.draw(len(choices))] & 0xFFFF_FFFF
    address = source.constants.address + source.core.word * k
    return Change(address, new.to_bytes(source.core.word, "little"), f"{old:#010x} to {new:#010x}")


ALL: Kinds = {**KINDS, **{name: aimed(pattern) for name, pattern in AIMS.items()}, "table": table}


def trials(
    mutants: int, each: int, inputs: int, seed: int, first: int, most: int = MOST
) -> Iterator[tuple[int, Trial]]:
    """What becomes of so many mutants in all, `each` of one network whose code has `most` bytes at most."""
    tools, left = find_toolchain(), mutants
    for number in count(first):
        network = shaped_network(number) if number % 4 == 3 else windowed_network(number)
        network = answering(network, number)
        with tempfile.TemporaryDirectory(dir=memory_folder(), prefix="mutants-") as folder:
            try:
                build = read_tensor_build(compiled_tensors(network, Path(folder)))
            except CapacityError:
                continue
        if build.manifest.memory.code > most:
            continue
        trial = try_image(build, link_build(build, tools), min(each, left), number + seed, inputs, kinds=ALL)
        yield number, trial
        left -= trial.made
        if left <= 0:
            return


def main() -> None:
    """Run, and say what became of each kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=4000, help="in all (4,000)")
    parser.add_argument("--each", type=int, default=40, help="of one network (40)")
    parser.add_argument("--inputs", type=int, default=100, help="that an accepted mutant is run on (100)")
    parser.add_argument("--most", type=int, default=MOST, help=f"bytes of a network's code ({MOST:,})")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first network (0)")
    given = parser.parse_args()
    fates, missed, networks, begin = {kind: Counter[Outcome]() for kind in ALL}, 0, 0, time.process_time()
    settings = given.mutants, given.each, given.inputs, given.seed, given.first, given.most
    with suppress(KeyboardInterrupt):  # what was counted until then is told
        for number, trial in trials(*settings):
            networks += 1
            for kind, counts in trial.fates.items():
                fates[kind].update(counts)
            for line in (trial.problem,) * bool(trial.problem) + trial.missed:
                missed += 1
                print(f"  network {number}: {line}", flush=True)
    for kind, counts in (*fates.items(), ("all", sum(fates.values(), Counter[Outcome]()))):
        told = ", ".join(f"{counts[fate]:5} {fate.value}" for fate in Outcome)
        print(f"{kind:24} {counts.total():5} mutants: {told}")
    print(f"{networks} networks, {time.process_time() - begin:.0f} s")
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
