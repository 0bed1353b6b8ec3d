"""Every target sits the same examination, on the emulated core; a new one joins by being in TARGETS."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armlet.arithmetic.arithmetic import Arithmetic
from armlet.arithmetic.arithmetics import ARITHMETICS
from armlet.config import AnnealOptions, CompileOptions
from armlet.errors import TargetError
from armlet.isa.operation import Operation
from armlet.isa.target import RegisterPartition, Target, Template
from armlet.isa.targets import TARGETS
from armlet.isa.thumb.thumb import THUMB
from armlet.network.network import Network
from armlet.pipeline import Compilation, compile_network
from armlet.schedule.interpret import run_order
from armlet.simulate.machine import Machine
from armlet.toolchain.image import read_image
from armlet.toolchain.toolchain import find_toolchain
from generators.networks import inputs_for, networks
from generators.perceptrons import random_network

each_target = pytest.mark.parametrize("target", list(TARGETS.values()), ids=list(TARGETS))
each_rounding = pytest.mark.parametrize("rounding", ARITHMETICS)


def machine(made: Compilation, target: Target) -> Machine:
    tools = find_toolchain()
    part = tools.assemble(made.bundle.files["net.S"].decode(), target.core)
    return Machine(target.core, read_image(tools.link([part], target.core, "net_run"), THUMB))


def outputs(core: Machine, made: Compilation, rows: np.ndarray) -> np.ndarray:
    network = made.network
    source, sink = core.reserve(4 * network.inputs), core.reserve(4 * network.outputs)
    found = []
    for row in rows:
        core.write_floats(source, row)
        core.poison(sink, 4 * network.outputs)
        core.call("net_run", (source, sink))
        found.append(core.read_floats(sink, network.outputs))
    return np.stack(found)


def agrees(network: Network, options: CompileOptions, target: Target, rows: np.ndarray) -> None:
    made = compile_network(network, "net", options)
    core = machine(made, target)
    memory = made.bundle.manifest.memory
    assert (core.image.code_bytes, core.image.constant_bytes) == (memory.code, memory.constants)
    assert core.image.ram_bytes == memory.work + memory.block
    assert outputs(core, made, rows).tobytes() == run_order(made.order, rows).tobytes()


@each_target
@each_rounding
@pytest.mark.parametrize("registers", [2, 5, None])
@pytest.mark.parametrize("inputs", ["free", "natural"])
def test_the_machine_agrees_with_the_order_to_the_bit(
    target: Target, rounding: Arithmetic, registers: int | None, inputs: str
):
    options = CompileOptions(
        target.name, registers=registers, inputs=inputs, multiply_add=rounding.rounding, anneal=AnnealOptions(moves=100)
    )
    rows = np.random.default_rng(2).random((8, 40)).astype(np.float32)
    agrees(random_network([40, 30, 20, 6], 0.3, 1), options, target, rows)


@each_target
def test_blocks_beyond_every_reach_are_addressed(target: Target):
    """More inputs and spilled values than any immediate offset spans."""
    network = random_network([6000, 5, 1500, 4], 0.05, 3)
    rows = np.random.default_rng(2).random((2, 6000)).astype(np.float32)
    for inputs in ("free", "natural"):
        agrees(network, CompileOptions(target.name, inputs=inputs, anneal=AnnealOptions(moves=1)), target, rows)


@each_target
@settings(max_examples=25)
@given(st.data())
def test_the_machine_agrees_on_random_networks_and_at_the_edges_of_the_format(target: Target, data: st.DataObject):
    network = data.draw(networks())
    options = CompileOptions(
        target.name,
        registers=data.draw(st.none() | st.integers(2, 9)),
        inputs=data.draw(st.sampled_from(["free", "natural", "auto"])),
        multiply_add=data.draw(st.sampled_from([how.rounding for how in ARITHMETICS])),
        simplify=data.draw(st.booleans()),
        anneal=AnnealOptions(moves=20),
    )
    agrees(network, options, target, data.draw(inputs_for(network)))


@each_target
@pytest.mark.parametrize("op", list(Operation))
def test_a_table_with_a_wrong_or_missing_form_does_not_load(target: Target, op: Operation):
    with pytest.raises(TargetError, match=op.name):
        replace(target, templates={**target.templates, op: Template("nop {surprise}", 2, 1)})
    with pytest.raises(TargetError, match=op.name):
        replace(target, templates={key: form for key, form in target.templates.items() if key != op})


@each_target
def test_a_table_that_gives_a_register_two_jobs_does_not_load(target: Target):
    with pytest.raises(TargetError, match="two jobs"):
        replace(target, roles=replace(target.roles, pool=target.roles.inputs))
    with pytest.raises(TargetError, match="twice"):
        replace(target, floats=(target.floats[0], *target.floats[:-1]))
    with pytest.raises(TargetError, match="too few"):
        replace(target, partitions=(RegisterPartition(len(target.floats) - 1, 1),))
