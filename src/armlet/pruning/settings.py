"""List all settings that decide the bytes of a result, for its provenance and to compare runs."""

import hashlib
from collections.abc import Mapping
from typing import TypeAlias

from armlet.network.frozen import F32
from armlet.network.network import Network
from armlet.pruning.inputs.default import default_model, describe_inputs
from armlet.pruning.inputs.moments import Moments
from armlet.pruning.inputs.parse import input_model
from armlet.pruning.inputs.samples import clipping_note
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.output_metric import default_metric
from armlet.pruning.quantise.formats import WeightFormat
from armlet.pruning.select import RIDGE, Selector
from armlet.version import __version__

Settings: TypeAlias = Mapping[str, str | int | float]


def settings_of(
    network: Network, options: SparsifyOptions, samples: F32 | None = None, moments: Moments | None = None
) -> Settings:
    """The settings of a run with all defaults resolved, and what is assumed of the inputs.

    Raises `InputError` for samples outside the declared intervals.
    """
    model = options.inputs or default_model(network, samples, moments)
    sampler = input_model(model, samples, moments)
    metric = options.metric or default_metric(network, sampler)
    effort = options.effort(not network.is_chain)
    settings = {
        "sparsified_by": f"armlet {__version__}",
        "sparsify_dense_digest": network.digest(),
        "sparsify_samples_digest": None if samples is None else hashlib.sha256(samples.tobytes()).hexdigest(),
        "sparsify_moments_digest": None if moments is None else moments.digest(),
        "sparsify_inputs": model,
        "sparsify_domain": describe_inputs(network, model, samples),
        "sparsify_samples_clipped": None if samples is None else clipping_note(network.domain, samples),
        "sparsify_sparsity": options.target,
        "sparsify_max_distance": options.budget,
        "sparsify_path": ",".join(map(repr, sorted(options.path))) or None,
        "sparsify_selector": options.selector.value,
        "sparsify_ridge": RIDGE if options.selector in (Selector.AUTO, Selector.SECOND_ORDER) else None,
        "sparsify_metric": metric.value,
        "sparsify_gauss_newton": options.gauss_newton or None,
        "sparsify_step_size": options.step_size,
        **_grid_settings(options, effort.rounds),
        "sparsify_epochs": effort.epochs,
        "sparsify_rest": options.rest,
        **{f"sparsify_{n}": getattr(effort, n) for n in ("steps", "batch", "rate", "draws", "judged", "validation")},
        "sparsify_seed": options.seed,
    }
    return {key: value for key, value in settings.items() if value is not None}


def _grid_settings(options: SparsifyOptions, rounds: int) -> Mapping[str, str | int | None]:
    """What decides the grid of weights and the format of values, where there are such."""
    kind = options.weight_format
    if kind is WeightFormat.FLOAT32:
        return {}
    return {
        "sparsify_weights": kind.value,
        "sparsify_activations": options.activations.value,
        "sparsify_for": options.target_core,
        "sparsify_blocks": options.blocks,
        "sparsify_exponents": options.exponents if kind is WeightFormat.POW2 else None,
        "sparsify_rounds": rounds,
    }
