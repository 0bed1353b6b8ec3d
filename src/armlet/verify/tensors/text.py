"""The text of NAME.S of a build for tensors, line by line: it is what armlet writes, as for other integers.

Each layer's first line has a comment that says so, and the layers stand in order: that is how code is told apart.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from armlet.build import names, skeleton
from armlet.build.integer.assembly import run_opening
from armlet.build.integer.frame import width_of
from armlet.build.integer.lines import label_of
from armlet.build.tensors.assembly import layer_comment, tensor_core_opening
from armlet.build.tensors.frame import LEFT_LABEL, RUN_LABEL, core_frame
from armlet.integer.network import IntegerNetwork
from armlet.isa.integer_target import IntegerTarget
from armlet.verify.integer.text import Body, expect_body, expect_data, frame_of, known_lines
from armlet.verify.link.text import Reader

_LABELS = tuple(map(re.escape, (RUN_LABEL, LEFT_LABEL)))


@dataclass(frozen=True, slots=True)
class LayerCode:
    """The code of one layer in NAME_core, in bytes from its start; which instructions are no lines of their own."""

    begin: int
    end: int
    second: frozenset[int]  # offsets of the second instruction of an address that the linker fills in


def strange_tensor_text(
    text: str, name: str, target: IntegerTarget, constants: int, block: int, network: IntegerNetwork
) -> str:
    """The first line that is not written for build `name`, in words; `constants` and `block` are bytes."""
    if not text.endswith("\n"):
        return "it does not end with a line"
    reader, known = Reader(text[:-1].split("\n")), known_lines(target, name, f"(?:{'|'.join(_LABELS)})[1-9]")
    core, run = names.core_symbol(name), names.run_symbol(name)
    comments = frozenset(layer_comment(target, network, layer) for layer in range(len(network.layers)))
    inner = Body(known, comments, label_of, partial(_core_frame_of, target))
    problem = reader.expect(skeleton.opening(target, name)) or reader.expect(tensor_core_opening(target, name))
    problem = problem or expect_body(reader, target, skeleton.closing(core), inner)
    problem = problem or reader.expect(run_opening(target, name, network))
    outer = Body(known, frozenset(), _RunLabels(reader).of, partial(frame_of, target))
    problem = problem or expect_body(reader, target, skeleton.closing(run), outer)
    return problem or expect_data(reader, target, name, constants, block)


def layer_codes(text: str, name: str, target: IntegerTarget) -> Mapping[int, LayerCode]:
    """The code of each layer, of a text that is what armlet writes."""
    core = text.partition(f"\n{names.core_symbol(name)}:\n")[2].partition("  .size")[0].split("\n")[:-1]
    enter, leave = _core_frame_of(target, core)
    at, begins, second = width_of("\n".join(enter)), dict[int, int](), set[int]()
    for line in core[len(enter) : len(core) - len(leave)]:
        if line.endswith(":"):
            continue
        if found := re.search(rf"{re.escape(target.comment)} layer (\d+): ", line):
            begins[int(found[1])] = at
        if ":upper16:" in line:
            second.add(at)
        at += width_of(line.strip())
    ends = [*list(begins.values())[1:], at]
    return {
        layer: LayerCode(begin, end, frozenset(k for k in second if begin <= k < end))
        for (layer, begin), end in zip(begins.items(), ends)
    }


class _RunLabels:
    """The labels of NAME_run: those of the loops that pack, and behind the call those of the loops that unpack."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.packing = reader, 0

    def of(self, number: int) -> str:
        """The label that may stand where the reader is."""
        if self.reader.lines[self.reader.at].startswith(RUN_LABEL):
            self.packing = number
            return f"{RUN_LABEL}{number}"
        return f"{LEFT_LABEL}{number - self.packing}"


def _core_frame_of(target: IntegerTarget, lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """The lines of the entry that `lines` begin with, made again from the registers that it names, and of its exit."""
    named = re.findall(r"\w+", "".join(lines[:1]).partition("{")[2])
    written = frozenset(k for k in target.preserved if target.names[k] in named)
    enter, leave = ([f"  {line}" for line in text.split("\n")] for text in core_frame(target, written))
    return enter, leave
