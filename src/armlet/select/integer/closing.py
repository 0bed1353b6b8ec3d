"""Ends a sum on Cortex-M4: takes it out of its field, makes the value that is stored, and stores it."""

from armlet.isa.integer_operation import IntegerOperation as Does
from armlet.select.integer.layer_task import LayerTask
from armlet.select.integer.scaling import write_value
from armlet.select.integer.writer import Writer

_STORES = {1: Does.STORE_BYTE, 2: Does.STORE_HALF, 4: Does.STORE}


def close_neuron(writer: Writer, task: LayerTask, neuron: int, a: int, field_bits: int, held: set[int]) -> None:
    """Make the value of `neuron` out of the sum in register a, which is overwritten; `held` are the accumulators."""
    if field_bits < 32:
        writer.add(Does.SIGNED_FIELD, a, a, by=field_bits)
    if task.layer.requantisation is not None:
        taken = {*held, a} | ({writer.pool_register} if writer.pool_at >= 0 else set())
        spare = tuple(register for register in writer.target.free if register not in taken)
        write_value(writer, task, neuron, a, spare)
    place = task.stores.get(neuron)
    if place is not None:  # else nobody reads it
        op, into = store_of(task, place.high)
        writer.add(op, a, writer.target.base, number=place.word + into)


def store_of(task: LayerTask, high: bool) -> tuple[Does, int]:
    """How a value is stored, and how many bytes into its word."""
    if not task.stored_high:
        return _STORES[task.stored_bytes], 0
    if not high:
        return Does.STORE, 0  # the whole word: the other field becomes zero
    return Does.STORE_BYTE if task.stored_high == 24 else Does.STORE_HALF, task.stored_high // 8
