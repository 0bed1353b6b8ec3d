"""A build in integers to what its proof is about: how firmware calls each entry, and what the network declares."""

from collections.abc import Mapping

from armlet.build import names
from armlet.isa.core import Memory
from armlet.prove.integer.call import InputField, IntegerCall
from armlet.prove.integer.prove import prove_integers
from armlet.prove.prove import Proof
from armlet.simulate.decoded import DecodedProgram
from armlet.simulate.integer.runner import IntegerRunner
from armlet.simulate.runner import MemoryRegion


def prove_entry(runner: IntegerRunner, program: DecodedProgram, entry: str) -> Proof:
    """Whether `entry` computes the network of its build, for all inputs inside their ends."""
    return prove_integers(program, runner.image, integer_call(runner, entry), runner.build.network)


def integer_call(runner: IntegerRunner, entry: str) -> IntegerCall:
    """How `entry` is called: each array, the block, the stack and each linked piece in memory of its own."""
    results, build = runner.results(entry), runner.build
    is_core = entry == names.core_symbol(build.name)
    zeros = (Memory(runner.arguments(entry)[0], build.inputs.inputs),) if is_core and build.inputs.inputs else ()
    fields = {address: InputField(index, size) for address, (index, size) in runner.places(entry).items()}
    return IntegerCall(
        entry=entry,
        pieces=_pieces(runner, entry),
        arguments=runner.arguments(entry),
        preserved=runner.machine.core.preserved,
        inputs=fields,
        zeros=zeros,
        outputs=tuple(address for address, _ in results),
        output_bytes=results[0][1],
    )


def _pieces(runner: IntegerRunner, entry: str) -> tuple[tuple[MemoryRegion, ...], ...]:
    """The regions of a call; the two parts of the caller's block keep their distance."""
    found: Mapping[str, MemoryRegion] = {region.what: region for region in runner.areas(entry)}
    block = tuple(found[what] for what in ("inputs", "block") if what in found)
    others = tuple((region,) for region in found.values() if region not in block)
    return (*others, block) if block else others
