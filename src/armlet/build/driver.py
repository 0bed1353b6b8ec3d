"""The two pseudodrivers: for every input and output, where the periphery must write it or may read it."""

from typing import Literal

import msgspec

from armlet.build import names
from armlet.select.program import Program

FORMAT = 1


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One input or output: in memory at `offset` bytes from the driver's base, in a register, or unused."""

    index: int
    place: Literal["memory", "register", "unused"]
    offset: int | None = None
    register: str | None = None


class Driver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A driver file. `base` is the register that holds the block's address at the call, or a symbol; or empty."""

    format: int
    name: str
    direction: Literal["input", "output"]
    dtype: str
    base: str
    values: list[Value]


def input_driver(program: Program, name: str) -> Driver:
    """Where NAME_core wants its inputs: in the block whose address it is given."""
    graph, words = program.code.order.graph, program.layout.words
    offset = {int(index): program.word * int(words[node]) for node, index in enumerate(graph.used)}
    values = [
        Value(i, "memory", offset=offset[i]) if i in offset else Value(i, "unused") for i in range(graph.network_inputs)
    ]
    return Driver(FORMAT, name, "input", program.arithmetic.format.name, program.target.roles.inputs, values)


def output_driver(program: Program, name: str) -> Driver:
    """Where NAME_core leaves its outputs: in registers, or in the program's own work block."""
    graph, words, floats = program.code.order.graph, program.layout.words, program.target.floats
    values = [Value(j, "register", register=floats[k]) for j, k in enumerate(program.code.kept.tolist())] or [
        Value(j, "memory", offset=program.word * int(words[graph.nodes + j])) for j in range(len(graph.outputs))
    ]
    return Driver(FORMAT, name, "output", program.arithmetic.format.name, output_base(name, values), values)


def output_base(name: str, values: list[Value]) -> str:
    """What the places of outputs count from; nothing where all are in registers."""
    return names.work_symbol(name) if any(value.place == "memory" for value in values) else ""


def show_json(value: msgspec.Struct) -> str:
    """JSON text with one indent, the same bytes for the same value."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode() + "\n"


def show_schema(kind: type[msgspec.Struct]) -> str:
    """The JSON Schema of a kind of file."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(kind)}
    return msgspec.json.format(msgspec.json.encode(schema, order="sorted"), indent=1).decode() + "\n"
