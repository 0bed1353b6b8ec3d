"""Write and report the result of armlet sparsify, and find an unfinished or finished run."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from armlet.cli.terminal.console import Console
from armlet.cli.terminal.plot import plot
from armlet.errors import InputError
from armlet.storage import parse_json, read_file

if TYPE_CHECKING:
    from armlet.integer.network import IntegerNetwork
    from armlet.network.network import Network
    from armlet.pruning.settings import Settings
    from armlet.pruning.sparsify import Sparsified
    from armlet.pruning.trace import PruningTrace
    from armlet.shown import Shown

_FORMATS = {"weights": "sparsify_weights", "activations": "sparsify_activations"}
_LONGEST = 64 << 20  # bytes of trace.json


def partial_folder(out: Path) -> Path:
    """The folder of an unfinished run to `out`: beside `out`, never inside."""
    whole = out if out.name not in ("", "..") else out.resolve()
    return whole.with_name(f"{whole.name}.partial")


def finished_trace(out: Path, settings: "Settings") -> "PruningTrace | None":
    """The trace of a finished run in `out`, if that run had these settings."""
    from armlet.pruning.trace import PruningTrace

    path = out / "trace.json"
    try:
        trace = parse_json(path, read_file(path, _LONGEST), PruningTrace, "a trace", "sparsify again")
    except InputError:
        return None
    return trace if dict(trace.settings) == dict(settings) else None


def write_result(out: Path, result: "Sparsified") -> None:
    """Write the result, the networks of the path, the trace and its chart, all or nothing."""
    from armlet.formats.params import params_files, write_params
    from armlet.pruning.chart import chart

    files: dict[str, bytes | str] = {"trace.json": result.trace.to_json(), "trace.svg": chart(result.trace)}
    for share, network in result.path.items():
        files |= {f"path/{stop_name(share)}/{name}": content for name, content in params_files(network).items()}
    write_params(result.network, out, files)


def report_result(console: Console, out: Path, dense: "Network", result: "Sparsified", measure: "Shown | None") -> None:
    """Report the result. Exits with 1 if no weight could be removed."""
    console.tell_notes()
    sparse, trace = result.network, result.trace
    figures = {"out": str(out), "sparsity": sparse.sparsity, "connections": sparse.connections}
    figures |= {name: trace.settings[f"sparsify_{name}"] for name in ("inputs", "domain", "metric")}
    figures |= {name: trace.settings[key] for name, key in _FORMATS.items() if key in trace.settings}
    figures |= {"distance": trace.distance}
    text = f"{out}: {sparse.connections} of {dense.weights} connections kept, sparsity {sparse.sparsity:.2%}, "
    if "weights" in figures:
        text += f"weights {figures['weights']}, activations {figures['activations']}, "
    text += f"distance {trace.distance:.4f} ({figures['metric']}) on inputs from {figures['inputs']}"
    if trace.last and trace.last.worst_distance is not None:
        figures |= {"worst_output": trace.last.worst_output, "worst_distance": trace.last.worst_distance}
        text += f", worst output {trace.last.worst_output}: {trace.last.worst_distance:.4f}"
    if measure is not None:
        name, before, after = measure.name.value, measure.of(dense), measure.of(sparse)
        figures |= {f"{name}_dense": before, f"{name}_sparse": after}
        text += f", {name} {after:.2%} (dense {before:.2%})"
    text += f"; inputs {figures['domain']}"
    if note := trace.settings.get("sparsify_samples_clipped"):
        console.warn(str(note))
    if drawn := plot(trace.epochs):
        console.say(drawn)
    if result.path:
        figures["path"] = {stop_name(share): _told(network, measure) for share, network in result.path.items()}
    for name, told in figures.get("path", {}).items():
        shown = f", {measure.name.value} {told[measure.name.value]:.2%}" if measure else ""
        console.say(f"{out / 'path' / name}: distance {told['distance']:.4f}{shown}")
    console.result(figures, text)
    if sparse.connections == dense.connections and any(not epoch.kept for epoch in trace.epochs):
        raise typer.Exit(1)  # no weight could be removed within the budget


def stop_name(share: float) -> str:
    """The folder of the network at this sparsity: three decimals, or as many as it needs."""
    return f"s{share:.3f}" if float(f"{share:.3f}") == share else f"s{share!r}"


def _told(network: "Network | IntegerNetwork", measure: "Shown | None") -> dict[str, float]:
    told = {"connections": network.connections, "distance": network.provenance["sparsify_distance"]}
    return told if measure is None else {**told, measure.name.value: measure.of(network)}
