"""How well networks on features survive sparsifying: inputs that are no images, declared or not.

    python benchmarks/features.py development [--only wine,iris] [--inputs wide] [--seeds 1] [--budget]
    python benchmarks/features.py reference --data ../shared/data [--budget]

`development` trains small networks on scikit-learn's bundled data and on made-up ones: by these settings may be chosen.
`reference` reads the networks of the folder of reference data, whose test rows are only read to show the result. Each
network is given twice: as bare weights on the inputs that its first layer takes, and with what its file declares. A
line tells d on held-out real rows (of the logits, whatever metric the run measured in), at sparsities 0.8 and 0.9 and
where the default budget stops, and answers of 100 that are the dense network's, or R^2 with the dense outputs.
"""

import argparse
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import datasets
from sklearn.neural_network import MLPClassifier, MLPRegressor

from armlet.network.domain import InputDomain, domain_of
from armlet.network.network import Network, multilayer_perceptron
from armlet.network.outputs import OutputKind
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.sparsify import sparsify

Rows = NDArray[np.float64]
PATH = (0.8, 0.9)
REFERENCE = ("sine", "breast-cancer", "gesture-imu")


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A trained network with what its file would declare, and held-out rows of raw inputs."""

    name: str
    bare: Network  # on inputs as the first layer takes them, undeclared
    declared: InputDomain
    rows: Rows  # raw, (n, inputs)
    labels: NDArray[np.int64] | None = None

    def given(self, way: str) -> tuple[Network, Rows]:
        """The network as it is given in one of two ways, with the rows that it takes."""
        if way == "declared":
            return replace(self.bare, domain=self.declared), self.rows
        return self.bare, (self.rows - self.declared.mean) / self.declared.std


def main() -> None:
    arguments = parse()
    tasks = reference(arguments.data, arguments.only) if arguments.which == "reference" else development(arguments.only)
    for task in tasks:
        for way in arguments.ways.split(","):
            for seed in range(arguments.seeds):
                network, rows = task.given(way)
                print(f"{task.name:14s} {way:10s} {shown(network, rows, task.labels, seed, arguments)}", flush=True)


def shown(
    network: Network, rows: Rows, labels: NDArray[np.int64] | None, seed: int, arguments: argparse.Namespace
) -> str:
    """One run for each stop, as text."""
    started, cells, sampler = time.process_time(), [], ""
    for stop in (*PATH, None) if arguments.budget else PATH:
        result = sparsify(network, SparsifyOptions(sparsity=stop, seed=seed, inputs=arguments.inputs))
        label = f"{stop:g}" if stop else f"budget {100 * result.network.sparsity:.1f} %"
        cells.append(f"{label}: {figures(network, result.network, rows, labels)}")
        sampler = str(result.trace.settings["sparsify_inputs"])
    seconds = time.process_time() - started
    return f"{sampler:10.10s} | " + " | ".join(cells) + f" ({seconds:.0f} s of processor)"


def figures(dense: Network, sparse: Network, rows: Rows, labels: NDArray[np.int64] | None) -> str:
    home, there = dense(rows), sparse(rows)
    d = np.sqrt(((there - home) ** 2).sum(axis=1).mean() / ((home - home.mean(axis=0)) ** 2).sum(axis=1).mean())
    own = sparse.provenance["sparsify_distance"]
    if labels is None:
        return f"d {d:.4f} ({own:.4f})"
    same = 100 * float((home.argmax(axis=1) == there.argmax(axis=1)).mean())
    right = 100 * float((there.argmax(axis=1) == labels).mean())
    return f"d {d:.4f} ({own:.4f}) right {right:.1f} same {same:.1f}"


def reference(folder: Path, only: str) -> Iterator[Task]:
    """The networks of the reference data."""
    for name in filter(lambda name: not only or name in only.split(","), REFERENCE):
        arrays = np.load(folder / "features" / f"{name}.npz")
        bare = multilayer_perceptron([arrays[f"W{i}"] for i in (1, 2, 3)], [arrays[f"b{i}"] for i in (1, 2, 3)])
        bare = replace(bare, shape=(bare.inputs,)) if min(bare.shape) < 8 else bare
        intervals = {"sine": (0.0, 2 * np.pi), "gesture-imu": (0.0, 1.0)}
        low, high = intervals.get(name, (None, None))
        declared = domain_of(bare.inputs, low, high, arrays["mean"], arrays["std"])
        labels = None if name == "sine" else arrays["y_test"]
        yield Task(name, bare, declared, arrays["X_test"].astype(np.float64), labels)


def development(only: str) -> Iterator[Task]:
    """The networks by which settings are chosen."""
    for name, make in MAKERS.items():
        if not only or name in only.split(","):
            yield make()


def trained(
    name: str,
    x: Rows,
    y: ArrayLike,
    hidden: tuple[int, ...],
    ways: tuple[ArrayLike, ArrayLike] | str,
    activation: str = "relu",
) -> Task:
    """A network trained on two thirds of the rows. `ways` is the interval of inputs taken raw, or `standard`."""
    random, target = np.random.default_rng(0), np.asarray(y)
    order = random.permutation(len(x))
    train, test = order[: 2 * len(x) // 3], order[2 * len(x) // 3 :]
    if isinstance(ways, str):
        declared = domain_of(x.shape[1], None, None, x[train].mean(axis=0), x[train].std(axis=0))
    else:
        declared = InputDomain.uniform(x.shape[1], *ways)
    model = MLPClassifier if np.issubdtype(target.dtype, np.integer) else MLPRegressor
    fitted = model(
        hidden_layer_sizes=hidden, activation=activation, max_iter=2000, random_state=0, learning_rate_init=3e-3
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted.fit((x[train] - declared.mean) / declared.std, target[train])
    weights, biases = [w.T for w in fitted.coefs_], list(fitted.intercepts_)
    if len(weights[-1]) == 1 and model is MLPClassifier:  # one logit
        weights[-1], biases[-1] = np.concatenate([-weights[-1], weights[-1]]), np.append(-biases[-1], biases[-1])
    bare = multilayer_perceptron(weights, biases)
    return Task(name, bare, declared, x[test], target[test] if model is MLPClassifier else None)


def bundled(name: str, hidden: tuple[int, ...]) -> Task:
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    if name == "diabetes":
        y = (y - y.mean()) / y.std()
    return trained(name, x, y, hidden, "standard")


def flat_digits() -> Task:
    """Digits on standardised pixels, as they never are in [0, 1]; pixels that never vary are left out: 61 in a row."""
    x, y = datasets.load_digits(return_X_y=True)
    return trained("flat-digits", x[:, x.std(axis=0) > 0.05], y, (32, 16), "standard")


def square_digits() -> Task:
    """The same on all 64 pixels: as many as an image of 8 x 8 has."""
    x, y = datasets.load_digits(return_X_y=True)
    random = np.random.default_rng(1)
    return trained("square-digits", x + 0.1 * random.normal(size=x.shape), y, (32, 16), "standard")


def friedman() -> Task:
    x, y = datasets.make_friedman1(1500, 10, random_state=0, noise=0.5)
    return trained("friedman", x, (y - y.mean()) / y.std(), (24, 12), (0.0, 1.0))


def curve() -> Task:
    x = np.linspace(-3, 5, 1500)[:, None]
    return trained("curve", x, (np.sin(2 * x) + 0.2 * x)[:, 0], (16, 16), (-3.0, 5.0))


def waves() -> Task:
    x = np.linspace(0, 20, 1500)[:, None]
    return trained("waves", x, np.cos(x[:, 0] / 2) + x[:, 0] / 10, (16, 16), (0.0, 20.0))


def step() -> Task:
    x = np.linspace(-1, 1, 1500)[:, None]
    return trained("step", x, np.tanh(6 * x[:, 0]) + 0.3 * np.sin(9 * x[:, 0]), (16, 16), (-1.0, 1.0))


def bump() -> Task:
    x = np.linspace(0, 6, 1500)[:, None]
    return trained("bump", x, 2 * np.exp(-((x[:, 0] - 3) ** 2)), (16, 16), (0.0, 6.0))


def root() -> Task:
    """One input far from the middle: a calibration curve on a raw reading from 10 to 50."""
    x = np.linspace(10, 50, 1500)[:, None]
    y = 2 * np.sqrt(x[:, 0]) + np.exp(-((x[:, 0] - 30) ** 2) / 30)
    return trained("root", x, (y - y.mean()) / y.std(), (16, 16), (10.0, 50.0))


def sensors() -> Task:
    """Four raw readings of different units: temperature, humidity, pressure in bar, light."""
    random = np.random.default_rng(2)
    x = np.stack([random.normal(22, 5, 2000), random.uniform(20, 90, 2000), random.normal(1.013, 0.01, 2000)], axis=1)
    x = np.concatenate([x, random.gamma(2.0, 2.0, (2000, 1))], axis=1)
    y = (x[:, 0] - 22) / 5 * (x[:, 1] - 55) / 20 + np.sqrt(x[:, 3])
    low, high = x.min(axis=0), x.max(axis=0)
    return trained("sensors", x, (y - y.mean()) / y.std(), (24, 12), (low, high))


def series() -> Task:
    """Windows of three channels in [0, 1], interleaved, of which a bump of one of three kinds tells the class."""
    random = np.random.default_rng(3)
    time_ = np.arange(40)
    y = random.integers(0, 3, 900)
    at, width = random.uniform(12, 28, (900, 1)), random.uniform(2, 6, (900, 1))
    bump = np.exp(-(((time_ - at) / width) ** 2) / 2)
    waves = np.stack([bump, -bump, bump * np.sin((time_ - at) / width * 2)], axis=1)
    mixing = random.normal(size=(3, 3, 3)) / 2
    x = np.einsum("nct,nc->nct", np.einsum("nkc,nkt->nct", mixing[y], waves), random.uniform(0.5, 1.5, (900, 3)))
    x += 0.15 * random.normal(size=(900, 3, 1)) + 0.03 * random.normal(size=x.shape)
    x = np.clip(0.5 + 0.25 * x, 0, 1).transpose(0, 2, 1).reshape(900, 120)
    return trained("series", x, y, (40, 15), (0.0, 1.0))


def spectra() -> Task:
    """100 places of a standardised spectrum, as many as 10 x 10 pixels: lines of four substances on a slope."""
    random = np.random.default_rng(4)
    place = np.arange(100)
    lines = np.exp(-(((place - random.uniform(5, 95, (4, 6, 1))) / random.uniform(1, 4, (4, 6, 1))) ** 2))
    lines = (lines * random.uniform(0.2, 1, (4, 6, 1))).sum(axis=1)
    y = random.integers(0, 4, 1000)
    shares = random.dirichlet(np.ones(4), 1000) + np.eye(4)[y] * 0.7
    x = shares @ lines + random.uniform(-0.5, 0.5, (1000, 1)) * place / 100 + 0.05 * random.normal(size=(1000, 100))
    return trained("spectra", x, y, (32, 16), "standard")


def values() -> Task:
    """Three quantities of very different spread from six standardised inputs."""
    random = np.random.default_rng(5)
    x = random.normal(size=(1500, 6)) @ random.normal(size=(6, 6))
    y = np.stack([np.tanh(x[:, 0] - x[:, 1]), np.abs(x[:, 2]) - x[:, 3], x[:, 4] * x[:, 5] / 5], axis=1)
    task = trained("values", x, (y - y.mean(axis=0)) / y.std(axis=0), (32, 16), "standard")
    last, scale = task.bare.dense[-1], np.array([3000.0, 1.0, 0.005])
    last = replace(last, weight=last.weight * scale[:, None], bias=last.bias * scale)
    return replace(task, bare=replace(task.bare, layers=(*task.bare.dense[:-1], last), output=OutputKind.VALUES))


MAKERS: Mapping[str, Callable[[], Task]] = {
    "wine": lambda: bundled("wine", (16, 8)),
    "iris": lambda: bundled("iris", (10, 6)),
    "diabetes": lambda: bundled("diabetes", (16, 8)),
    "flat-digits": flat_digits,
    "square-digits": square_digits,
    "friedman": friedman,
    "curve": curve,
    "waves": waves,
    "step": step,
    "bump": bump,
    "root": root,
    "sensors": sensors,
    "series": series,
    "spectra": spectra,
    "values": values,
}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=("development", "reference"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of reference data")
    parser.add_argument("--only", default="", help=f"of {', '.join(MAKERS)}")
    parser.add_argument("--ways", default="undeclared,declared")
    parser.add_argument("--inputs", help="an input model in place of the default")
    parser.add_argument("--budget", action="store_true", help="and a run by the default budget")
    parser.add_argument("--seeds", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
