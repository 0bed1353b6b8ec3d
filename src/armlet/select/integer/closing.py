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
    _store(writer, task, neuron, a)


def _store(writer: Writer, task: LayerTask, neuron: int, a: int) -> None:
    place, base = task.stores.get(neuron), writer.target.base
    if place is None:
        return  # nobody reads it
    if task.is_last:
        writer.add(_STORES[task.layer.stored.bytes], a, base, number=place.word)
    elif not place.high:
        writer.add(Does.STORE, a, base, number=place.word)  # the whole word: the other field becomes zero
    else:
        op = Does.STORE_BYTE if task.stored_high == 24 else Does.STORE_HALF
        writer.add(op, a, base, number=place.word + task.stored_high // 8)
