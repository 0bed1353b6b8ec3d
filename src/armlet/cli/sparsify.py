"""armlet sparsify: a PARAMS folder to a sparse one, without data."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from armlet.cli.console import Console
from armlet.cli.live import showing
from armlet.cli.options import Config, Json, Quiet, Seed, Verbose, settle
from armlet.cli.plot import plot
from armlet.errors import InputError

if TYPE_CHECKING:
    from armlet.manifold.metric import OutputMetric
    from armlet.manifold.select import Selector
    from armlet.manifold.sparsify import Sparsified
    from armlet.manifold.trace import Epoch
    from armlet.network.network import F32, Network

    Measure: TypeAlias = Callable[[Network], float]

_STOP = "When to stop (neither: a distance of 0.1)"
_INPUTS = "What inputs the network meets"
_SEARCH = "How hard to try"


def sparsify(
    params: Annotated[Path, typer.Argument(metavar="PARAMS", help="PARAMS folder or network file to read.")],
    out: Annotated[Path, typer.Argument(metavar="PARAMS_SPARSE", help="PARAMS folder to write.")],
    x_test: Annotated[
        Path | None, typer.Argument(metavar="[X_TEST", help=".npz or .csv of inputs: shown, never used.")
    ] = None,
    y_test: Annotated[Path | None, typer.Argument(metavar="Y_TEST]", help="Their labels: shown, never used.")] = None,
    sparsity: Annotated[
        float | None,
        typer.Option(help="Share of weights to remove, 0.9 for nine in ten.", rich_help_panel=_STOP),
    ] = None,
    max_distance: Annotated[
        float | None,
        typer.Option(help="As sparse as this distance to the dense network allows.", rich_help_panel=_STOP),
    ] = None,
    inputs: Annotated[
        str | None,
        typer.Option(
            help="uniform, gaussian, image, signal, weights, samples, or a mixture such as image:0.7,weights:0.3 "
            "(default: image for grids, else signals and noise).",
            rich_help_panel=_INPUTS,
        ),
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option(help="Unlabelled inputs, .npz or .csv, if you have some.", rich_help_panel=_INPUTS),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Rounds of removing and adjusting (default: 40).", rich_help_panel=_SEARCH)
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(help="Steps of each adjustment (default: 500); 0 leaves survivors.", rich_help_panel=_SEARCH),
    ] = None,
    batch: Annotated[int | None, typer.Option(help="Inputs a step (default: 256).", rich_help_panel=_SEARCH)] = None,
    rate: Annotated[
        float | None,
        typer.Option(help="Step of an adjustment, relative to the weights (default: 0.04).", rich_help_panel=_SEARCH),
    ] = None,
    selector: Annotated[
        str | None,
        typer.Option(
            help="compensated (default), diagonal, taylor (with small steps), magnitude (the baseline).",
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="What counts at the output: logits or fisher.", rich_help_panel=_SEARCH)
    ] = None,
    step_size: Annotated[
        int | None,
        typer.Option(
            help="Weights removed between two judgements (default: an epoch's worth); 1 is the slowest and finest.",
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    seed: Seed = None,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Remove weights so that the network keeps computing the same, without any data.

    Inputs are drawn from a law (--inputs), and the distance d between the sparse and the dense network is measured
    on them: 0 is the same network, 1 one that says the same of every input. Each epoch removes the weights that cost
    the least distance and lets the rest make up for them. Without --sparsity or --max-distance it stops at d = 0.1.

    X_TEST and Y_TEST only show the accuracy on the way; they change no byte of the result. trace.json in
    PARAMS_SPARSE holds every epoch's figures.

    Examples:

        armlet sparsify PARAMS PARAMS_SPARSE dataset/X_test_small.csv dataset/Y_test_small.csv

        armlet sparsify PARAMS PARAMS_SPARSE --sparsity 0.95
    """
    from armlet.network.params import OWNS
    from armlet.network.read import read_network
    from armlet.storage import refuse_foreign

    console = Console(quiet, verbose, json)
    network = read_network(params)
    refuse_foreign(out, OWNS)
    measure = _measure(network, x_test, y_test)
    rows = None if samples is None else _rows(samples, network)
    from armlet.manifold.options import SparsifyOptions  # wakes JAX: only once the files are known to be good
    from armlet.manifold.sparsify import sparsify as sparsify_network

    given = {"sparsity": sparsity, "max_distance": max_distance, "inputs": inputs, "epochs": epochs, "steps": steps}
    given |= {"batch": batch, "rate": rate, "step_size": step_size, "seed": seed}
    given |= {"selector": _choice("selector", selector), "metric": _choice("metric", metric)}
    options = settle(SparsifyOptions, "sparsify", config, **given)
    with showing(console, "drawing inputs") as show:

        def watch(epoch: "Epoch", sparse: "Network") -> None:
            show(epoch if measure is None else replace(epoch, accuracy=measure(sparse)))

        result = sparsify_network(network, options, watch, rows)
    _finish(console, out, network, replace(result, trace=replace(result.trace, epochs=tuple(show.epochs))), measure)


def _measure(network: "Network", x_test: Path | None, y_test: Path | None) -> "Measure | None":
    """What tells the accuracy of a network on the files given, if they are."""
    if x_test is None:
        return None
    from armlet.data.table import read_inputs, read_labels

    if y_test is None:
        raise InputError(x_test, "comes without labels", "give Y_TEST behind it")
    x, y = read_inputs(x_test, network.inputs), read_labels(y_test, network.outputs)
    if len(x) != len(y):
        raise InputError(y_test, f"holds {len(y)} labels for {len(x)} inputs", "give one label for each row")

    def measure(sparse: "Network") -> float:
        from armlet.manifold.functional import outputs

        return float((outputs(sparse, x).argmax(axis=1) == y).mean())

    return measure


def _rows(samples: Path, network: "Network") -> "F32":
    from armlet.data.table import read_inputs

    return read_inputs(samples, network.inputs)


def _choice(flag: str, text: str | None) -> "Selector | OutputMetric | None":
    from armlet.manifold.metric import OutputMetric
    from armlet.manifold.select import Selector

    kind = {"selector": Selector, "metric": OutputMetric}[flag]
    if text is None or text in {each.value for each in kind}:
        return None if text is None else kind(text)
    raise InputError(f"--{flag}", f"{text[:40]!r} is none", f"give {' or '.join(each.value for each in kind)}")


def _finish(console: Console, out: Path, dense: "Network", result: "Sparsified", measure: "Measure | None") -> None:
    from armlet.network.params import write_params

    sparse, trace = result.network, result.trace
    write_params(sparse, out, {"trace.json": trace.to_json()})
    figures = {"out": str(out), "sparsity": sparse.sparsity, "connections": sparse.connections}
    figures |= {"distance": trace.distance, "inputs": trace.settings["sparsify_inputs"]}
    text = f"{out}: {sparse.connections} of {dense.weights} connections kept, sparsity {sparse.sparsity:.2%}, "
    text += f"distance {trace.distance:.4f} on inputs from {figures['inputs']}"
    if measure is not None:
        figures |= {"accuracy_dense": measure(dense), "accuracy_sparse": measure(sparse)}
        text += f", accuracy {figures['accuracy_sparse']:.2%} (dense {figures['accuracy_dense']:.2%})"
    console.say(plot(trace.epochs))
    console.result(figures, text)
    if sparse.connections == dense.connections and any(not epoch.kept for epoch in trace.epochs):
        raise typer.Exit(1)  # the answer is no: not one weight could go within the budget
