"""Proves an entry of a linked build in single precision with windows: its call and its contract."""

from armlet.build import names
from armlet.build.floats.frame import entry_bytes, leave_bytes
from armlet.build.floats.manifest import placed_planes_of
from armlet.isa.target import Target
from armlet.prove.contract import Call
from armlet.prove.floats.contract import INPUT, OUTPUT, name_of, plane_contract
from armlet.prove.loops import prove_loops
from armlet.prove.prove import Proof
from armlet.simulate.decoded import DecodedProgram
from armlet.simulate.floats.runner import BLOCK, OWN_BLOCK, FloatRunner
from armlet.simulate.runner import INPUT_ARRAY, OUTPUT_ARRAY
from armlet.tensors.floats.planes import lifetimes


def prove_float_entry(runner: FloatRunner, decoded: DecodedProgram, entry: str) -> Proof:
    """Whether `entry` computes its build's network in the declared order, for all inputs."""
    build, is_run = runner.build, runner.is_run(entry)
    values = {entry.number: placed_planes_of(entry) for entry in build.manifest.values}
    contract = plane_contract(build.computed, build.arithmetic, values, runner.arrays if is_run else None)
    block = OWN_BLOCK if is_run else BLOCK
    places = {name_of(home): (block, placed.start) for home, placed in values.items()}
    lives = {name_of(home): ends for home, ends in lifetimes(build.computed).items()}
    arguments = {"r0": BLOCK}
    if is_run:
        places |= {INPUT: (INPUT_ARRAY, 0), OUTPUT: (OUTPUT_ARRAY, 0)}
        arguments = {"r0": INPUT_ARRAY, "r1": OUTPUT_ARRAY}
    preserved = runner.machine.core.preserved
    call = Call(runner.areas(entry), arguments, places, preserved, phases_of(runner), lives)
    return prove_loops(decoded, runner.image, entry, call, contract)


def phases_of(runner: FloatRunner) -> tuple[tuple[int, int], ...]:
    """From which address on the code of which layer runs; -1 is before all, as many as there are layers behind all.

    The manifest says how long each layer's code is: if it lies, the proof fails.
    """
    build, image = runner.build, runner.image
    layers, end = build.manifest.layers, len(build.network.layers)
    core, run = (image.address(symbol) & ~1 for symbol in (names.core_symbol(build.name), names.run_symbol(build.name)))
    size = image.sizes[names.core_symbol(build.name)]
    around = size - sum(layer.bytes for layer in layers)
    at = core + _entry_bytes(build.target, around)
    found = [(core, -1)]
    for layer in layers:
        if layer.bytes:
            found.append((at, layer.layer))
        at += layer.bytes
    found += [(at, end), (run, -1), (_behind_call(runner, run), end)]
    return tuple(sorted(found))


def _entry_bytes(target: Target, around: int) -> int:
    """Of the entry of NAME_core, where entry and exit have so many bytes."""
    saves = around != entry_bytes(target, 0) + leave_bytes(target, 0)
    return entry_bytes(target, int(saves))


def _behind_call(runner: FloatRunner, run: int) -> int:
    """The address behind the call in NAME_run; its own, where there is none."""
    core, size = runner.image.address(names.core_symbol(runner.build.name)), runner.image.sizes
    end = run + size[names.run_symbol(runner.build.name)]
    return next((at + 4 for at, to in runner.image.filled.items() if run <= at < end and to | 1 == core | 1), run)
