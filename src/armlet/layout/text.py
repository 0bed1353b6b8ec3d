"""Prints a layout as text, and parses it back: the word of each cell that is touched.

layout input_words=2 work_words=3 transfers_before=4 transfers=3 batches=2
  %0 -> input 0
  %2 -> work 2
  output 0 -> work 0
"""

import numpy as np

from armlet.graph.graph import Graph
from armlet.graph.text_reader import NUMBER, TextReader
from armlet.layout.layout import Layout

_FIGURES = ("input_words", "work_words", "transfers_before", "transfers", "batches")
_LINE = rf"  (%|output )({NUMBER}) -> (input|work) ({NUMBER})"


def show_layout(layout: Layout, graph: Graph) -> str:
    """The text of a layout for the cells of `graph`."""
    lines = ["layout " + " ".join(f"{name}={getattr(layout, name)}" for name in _FIGURES)]
    for cell in np.flatnonzero(layout.words >= 0).tolist():
        name = f"%{cell}" if cell < graph.nodes else f"output {cell - graph.nodes}"
        lines.append(f"  {name} -> {'input' if cell < graph.inputs else 'work'} {layout.words[cell]}")
    return "\n".join(lines) + "\n"


def parse_layout(text: str, graph: Graph) -> Layout:
    """The layout of a text for the cells of `graph`, not yet checked. Raises `InputError` with the line."""
    reader = TextReader(text, "layout")
    pattern = "layout " + " ".join(f"{name}=({NUMBER})" for name in _FIGURES)
    figures = map(int, reader.expect(pattern, "layout " + " ".join(f"{name}=N" for name in _FIGURES)).groups())
    words, last = np.full(graph.nodes + len(graph.outputs), -1, np.int32), -1
    for found in reader.rest(_LINE, "%N -> work N, %N -> input N or output N -> work N"):
        cell = int(found[2]) + (graph.nodes if found[1] == "output " else 0)
        if cell >= len(words) or (found[1] == "%" and cell >= graph.nodes):
            raise reader.wrong(f"names {found[1]}{found[2]}, which the graph does not have", "name a node or an output")
        if cell <= last:
            raise reader.wrong(f"has {found[1]}{found[2]} behind a later cell", "write nodes, then outputs, each once")
        if (cell < graph.inputs) != (found[3] == "input"):
            raise reader.wrong(f"puts {found[1]}{found[2]} into the other block", "only inputs lie in input")
        words[cell], last = int(found[4]), cell
    layout = Layout(words, *figures)
    reader.confirm(show_layout(layout, graph))
    return layout
