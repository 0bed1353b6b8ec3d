"""A point laid out and evaluated for the exact search: `Plan` and `Still` made, and kept true after each removal."""

import numpy as np
from numpy.typing import NDArray

from armlet.manifold.select.activation import TABLE, apply
from armlet.manifold.select.still import F32, Plan, Still


def plan_of(shapes: list[tuple[int, ...]], activations: list[tuple[str, float]]) -> Plan:
    """The plan of layers of these (out, in) shapes and activations, by their names in network.toml, with slopes."""
    kinds = [_kind(name, slope) for name, slope in activations]
    widths = [shapes[0][1], *(out for out, _ in shapes)]
    return Plan(
        np.array(widths, np.int64),
        np.cumsum([0, *(out * into for out, into in shapes)], dtype=np.int64),
        np.cumsum([0, *widths[1:]], dtype=np.int64),
        np.array([kind for kind, _, _ in kinds], np.int64),
        np.array([leak for _, leak, _ in kinds], np.float32),
        np.array([cap for _, _, cap in kinds], np.float32),
    )


def _kind(name: str, slope: float) -> tuple[int, float, float]:
    kind, leak, cap = TABLE[name]
    return kind, slope if name == "leaky_relu" else leak, cap


def still_of(plan: Plan, weights: list[F32], x: F32, weigh: F32, centre: F32) -> Still:
    """Room for the samples x (samples, inputs) at a point under a root of L; `evaluate` fills it."""
    samples, units = len(x), int(plan.unit_at[-1])
    values = np.empty((int(plan.widths[0]) + units, samples), np.float32)
    values[: plan.widths[0]] = x.T
    rows = np.concatenate([weight.ravel() for weight in weights])
    told = [np.empty((units, samples), np.float32) for _ in range(5)]
    residual = np.empty((int(plan.widths[-1]), samples), np.float32)
    return Still(rows, values, told[0], residual, weigh, centre, *told[1:])


def evaluate(plan: Plan, still: Still, biases: list[F32], home: F32, first: int, unit: int | None = None) -> None:
    """Values, sums and residual from layer `first` on, where nothing but `unit` has changed if one is given."""
    for layer in range(first, len(biases)):
        into, out = int(plan.widths[layer]), int(plan.widths[layer + 1])
        some = slice(0, out) if unit is None or layer > first else slice(unit, unit + 1)
        weight = still.rows[plan.weight_at[layer] : plan.weight_at[layer + 1]].reshape(out, into)[some]
        z = weight @ _read(plan, still, layer) + biases[layer][some, None]
        at = slice(int(plan.unit_at[layer]) + some.start, int(plan.unit_at[layer]) + some.stop)
        still.columns[at] = z
        apply(plan.kind[layer], plan.leak[layer], plan.cap[layer], z, still.values[plan.widths[0] :][at])
    still.residual[:] = still.values[len(still.values) - home.shape[1] :] - home.T
    if len(still.weigh):
        still.residual[:] = still.weigh * (still.residual - (still.centre * still.residual).sum(axis=0))


def guess(plan: Plan, still: Still) -> NDArray[np.float64]:
    """By place: what each removal would change by the quadratic alone, gates as they are. To try likely ones first."""
    costs: list[NDArray[np.float64]] = []
    for layer in range(len(plan.kind)):
        units = slice(int(plan.unit_at[layer]), int(plan.unit_at[layer + 1]))
        weight = still.rows[plan.weight_at[layer] : plan.weight_at[layer + 1]].reshape(-1, int(plan.widths[layer]))
        read = _read(plan, still, layer).T
        open_ = np.where(still.columns[units] > 0, np.float32(1), plan.leak[layer])
        first, second = (open_ * still.p[units]) @ read, (open_**2 * still.q[units]) @ read**2
        costs.append((weight**2 * second - weight * first).ravel().astype(np.float64))
    return np.concatenate(costs)


def _read(plan: Plan, still: Still, layer: int) -> F32:
    """What a layer reads, (inputs of the layer, samples)."""
    start = 0 if layer == 0 else int(plan.widths[0] + plan.unit_at[layer - 1])
    return still.values[start : start + int(plan.widths[layer])]
