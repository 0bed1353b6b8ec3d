"""armlet sparsify: remove weights from a network without data."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from armlet.cli.options import (
    Config,
    Declare,
    Json,
    ModelFile,
    Quiet,
    Seed,
    Verbose,
    hint_at_declaring,
    read_declared,
)
from armlet.cli.sparsifying.options import sparsify_options
from armlet.cli.sparsifying.result import finished_trace, partial_folder, report_result, write_result
from armlet.cli.terminal.console import Console, Interrupted
from armlet.cli.terminal.live import showing
from armlet.cli.terminal.process import tell_interrupted
from armlet.cli.terminal.stops import stops

if TYPE_CHECKING:
    from armlet.integer.network import IntegerNetwork
    from armlet.network.frozen import F32
    from armlet.network.network import Network
    from armlet.pruning.checkpoint import Partial
    from armlet.pruning.inputs.moments import Moments
    from armlet.pruning.options import SparsifyOptions
    from armlet.pruning.sparsify import Watch
    from armlet.pruning.trace import PruningEpoch
    from armlet.shown import Shown

_STOP = "When to stop (default: a distance of 0.1)"
_INPUTS = "Which inputs the network will meet"
_GRID = "Numbers of the result (default: float32)"
_SEARCH = "How much work to do"
_ANEW = "no unfinished run: starting from the beginning"
_GIVEN_UP = "an unfinished run, replaced by a new one"


def sparsify(
    model: ModelFile,
    out: Annotated[Path, typer.Argument(metavar="PARAMS_SPARSE", help="PARAMS folder to write.")],
    x_test: Annotated[
        Path | None,
        typer.Argument(metavar="[X_TEST", help=".npz, .npy or .csv of test inputs: only for figures that are shown."),
    ] = None,
    y_test: Annotated[
        Path | None,
        typer.Argument(metavar="Y_TEST]", help="Their labels or target values: only for figures that are shown."),
    ] = None,
    sparsity: Annotated[
        float | None,
        typer.Option(help="Share of weights to remove, such as 0.9.", rich_help_panel=_STOP),
    ] = None,
    max_distance: Annotated[
        float | None,
        typer.Option(
            help="Remove as many weights as this distance to the dense network allows.", rich_help_panel=_STOP
        ),
    ] = None,
    path: Annotated[
        str | None,
        typer.Option(
            metavar="S,S,...|default",
            help="Also write the networks at these sparsities, as PARAMS_SPARSE/path/s0.800 and so on.",
            rich_help_panel=_STOP,
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            help="Values that weights may have: float32, int16, int8, pow2 (a few powers of two: shifts in place of "
            "products) or ternary. The default is that of --activations.",
            rich_help_panel=_GRID,
        ),
    ] = None,
    activations: Annotated[
        str | None,
        typer.Option(
            help="float32, int16 or int8: with the last two the result is a network in integers, for cores without a "
            "floating-point unit; the inputs' intervals must be declared.",
            rich_help_panel=_GRID,
        ),
    ] = None,
    core: Annotated[
        str | None,
        typer.Option(
            "--for",
            help="cortex-m4, cortex-m4f or cortex-m0plus: int8 and int16 weights become values that cost fewer cycles "
            "and bytes there, where that is worth the distance.",
            rich_help_panel=_GRID,
        ),
    ] = None,
    blocks: Annotated[
        str | None,
        typer.Option(
            help="1x2, with --for cortex-m4: removals leave weights in twos that one instruction takes.",
            rich_help_panel=_GRID,
        ),
    ] = None,
    inputs: Annotated[
        str | None,
        typer.Option(
            help="uniform, gaussian, image, dead_leaves, signal, weights, wide, moments, samples, or a mixture: "
            "image:0.7,weights:0.3. The default is image for networks that look made for images, dead_leaves for "
            "convolutions on images, wide (every level and scale) for undeclared inputs, else signals and noise.",
            rich_help_panel=_INPUTS,
        ),
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option(help="Unlabelled inputs, .npz or .csv, to draw inputs from.", rich_help_panel=_INPUTS),
    ] = None,
    moments: Annotated[
        Path | None,
        typer.Option(
            help="Mean and covariance or std of the inputs, .npz, to draw inputs by.",
            rich_help_panel=_INPUTS,
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Rounds of removing and fine-tuning (default: 40).", rich_help_panel=_SEARCH)
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(help="Fine-tuning steps an epoch (default: 500); 0 for none.", rich_help_panel=_SEARCH),
    ] = None,
    batch: Annotated[int | None, typer.Option(help="Inputs a step (default: 256).", rich_help_panel=_SEARCH)] = None,
    rate: Annotated[
        float | None,
        typer.Option(help="Fine-tuning rate, relative to the weights (default: 0.04).", rich_help_panel=_SEARCH),
    ] = None,
    selector: Annotated[
        str | None,
        typer.Option(
            help="How removals are scored: auto (default: second-order if it takes seconds, else compensated), "
            "compensated, diagonal, second-order, taylor (for small steps), exact (for small networks), "
            "magnitude (the baseline).",
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help="How outputs are weighted: values, each output in its own spread (default for quantities "
            "and up to four outputs); tempered, likely answers most (default for scores of more classes); logits, "
            "all in one unit; fisher, by the change of probabilities.",
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    gauss_newton: Annotated[
        int | None,
        typer.Option(
            help="Gauss-Newton steps after the fine-tuning steps of an epoch (default: 0).", rich_help_panel=_SEARCH
        ),
    ] = None,
    step_size: Annotated[
        int | None,
        typer.Option(
            help="Weights removed between two scorings (default: all of an epoch); 1 is the slowest and finest.",
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="A quarter of the work, for a first result.", rich_help_panel=_SEARCH)
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Resume an interrupted run; the result is the same to the byte.", rich_help_panel=_SEARCH
        ),
    ] = False,
    declare: Declare = None,
    seed: Seed = None,
    config: Config = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    json: Json = False,
) -> None:
    """Remove weights from a network so that its outputs change little, without any data.

    Inputs are drawn from an input model (--inputs). On them the distance d between the sparse and the dense network is
    measured: 0 for the same outputs, 1 for the best constant output. Each epoch removes the weights that cost the
    least distance and fine-tunes the rest. Without --sparsity or --max-distance it stops at d = 0.1. With --weights or
    --activations the survivors are then moved onto a grid of cheap values, in rounds in which the rest makes up for it;
    --sparsity 0 does that alone. Networks with convolutions have defaults of their own (docs/configuration.md).

    X_TEST and Y_TEST only serve to show the accuracy of each epoch: R^2 if the targets are values, agreement with the
    dense network if there are no targets. They do not change the result. trace.json in PARAMS_SPARSE holds the figures
    of every epoch, and trace.svg draws them. Until the end, PARAMS_SPARSE.partial holds what --resume needs.

    Examples:

        armlet sparsify PARAMS PARAMS_SPARSE dataset/X_test_small.csv dataset/Y_test_small.csv

        armlet sparsify PARAMS PARAMS_SPARSE --sparsity 0.95

        armlet sparsify PARAMS PARAMS_SPARSE --path 0.8,0.9,0.95,0.98

        armlet sparsify PARAMS PARAMS_SPARSE --sparsity 0.95 --weights pow2 --activations int8

        armlet sparsify PARAMS PARAMS_INT8 --sparsity 0 --activations int8
    """
    from armlet.apart import refuse_overlap
    from armlet.extras import require
    from armlet.formats.declare import file_of
    from armlet.formats.params import OWNS
    from armlet.shown import shown_on
    from armlet.storage import refuse_foreign

    require("sparsifying", "sparsify")
    console = Console(quiet, verbose, json)
    refuse_overlap((out, partial_folder(out)), (model, x_test, y_test, samples, moments, config, file_of(declare)))
    network = read_declared(model, declare, console)
    refuse_foreign(out, OWNS)
    measure = None if x_test is None else shown_on(network, x_test, y_test, console.note)
    known = _Known(
        None if samples is None else _rows(samples, network), None if moments is None else _moments(moments, network)
    )
    given = {"sparsity": sparsity, "max_distance": max_distance, "inputs": inputs, "epochs": epochs, "steps": steps}
    given |= {"batch": batch, "rate": rate, "step_size": step_size, "gauss_newton": gauss_newton, "seed": seed}
    given |= {"target_core": core, "blocks": blocks, "path": stops(path, sparsity)}
    words = {"selector": selector, "metric": metric, "weights": weights, "activations": activations}
    _run(console, network, out, sparsify_options(config, fast, given, words, network), known, measure, resume)


class _Known(NamedTuple):
    """Samples and moments of the inputs that the user gives."""

    samples: "F32 | None"
    moments: "Moments | None"


def _run(
    console: Console,
    network: "Network",
    out: Path,
    options: "SparsifyOptions",
    known: "_Known",
    measure: "Shown | None",
    resume: bool,
) -> None:
    from armlet.pruning.checkpoint import Partial
    from armlet.pruning.settings import settings_of
    from armlet.pruning.sparsify import sparsify

    partial = Partial(partial_folder(out), resume)
    if (
        resume
        and not partial.exists
        and (trace := finished_trace(out, settings_of(network, options, known.samples, known.moments)))
    ):
        partial.remove()  # what a kill in the midst of its removal left, without a checkpoint
        console.result({"out": str(out), "distance": trace.distance}, f"{out}: finished already, nothing to resume")
        return
    if resume != partial.exists:
        console.say(f"{partial.folder}: {_ANEW if resume else _GIVEN_UP}")
    with _watched(console, measure, partial) as watch:
        result = sparsify(network, options, watch, known.samples, partial, known.moments)
    write_result(out, result)
    partial.remove()
    hint_at_declaring(network.domain, console)
    report_result(console, out, network, result, measure)


@contextmanager
def _watched(console: Console, measure: "Shown | None", partial: "Partial") -> "Iterator[Watch]":
    """A watch that shows each epoch; an interruption is reported with how to resume."""
    try:
        with showing(console, "drawing inputs") as show:

            def watch(epoch: "PruningEpoch", sparse: "Network | IntegerNetwork") -> "Mapping[str, float]":
                epoch = replace(epoch, shown={measure.name.value: measure.of(sparse)} if measure else {})
                show(epoch)
                return epoch.shown

            yield watch
    except KeyboardInterrupt:
        tell_interrupted("the same command with --resume goes on" if partial.exists else "no epoch was done")
        raise Interrupted from None


def _moments(moments: Path, network: "Network") -> "Moments":
    from armlet.pruning.inputs.moments import read_moments

    return read_moments(moments, network.inputs)


def _rows(samples: Path, network: "Network") -> "F32":
    from armlet.data.table import read_inputs

    return read_inputs(samples, network.inputs, network.shape)
