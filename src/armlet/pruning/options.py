"""The options of the sparsifier, with defaults that serve most networks, checked when they are made."""

from dataclasses import dataclass, fields, replace

from armlet.errors import InputError
from armlet.integer.price import PRICES, Price
from armlet.pruning.geometry.metric import OutputMetric
from armlet.pruning.quantise.formats import ActivationFormat, WeightFormat
from armlet.pruning.select import Selector

DEFAULT_DISTANCE = 0.1  # the budget if neither sparsity nor distance is given: docs/sparsify.md, "The default budget"

FAST = {"epochs": 20, "steps": 250, "draws": 16384, "judged": 2048, "validation": 2048}  # --fast: halves and quarters
FAST_WINDOWS = {
    "epochs": 6,
    "steps": 120,
    "draws": 4096,
    "judged": 1024,
    "validation": 1024,
}  # the same of convolutions


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work a run does."""

    epochs: int  # rounds of removing and fine-tuning
    steps: int  # of Adam in each epoch; 0 leaves the survivors as they are
    batch: int  # inputs for each step
    rate: (
        float | None
    )  # of Adam, at the start of each epoch, in root mean squares of a layer's weights; None: by rate.py
    draws: int  # inputs to fine-tune on
    judged: int  # of them, the inputs that removals are scored on
    validation: int  # inputs that only measure d
    rounds: int  # of snapping weights onto their grid, each with fine-tuning


DENSE = Effort(epochs=40, steps=500, batch=256, rate=0.04, draws=65536, judged=8192, validation=4096, rounds=10)
WINDOWS = Effort(epochs=12, steps=300, batch=64, rate=None, draws=8192, judged=2048, validation=2048, rounds=4)
"""With windows an input costs as many products as thousands of draws do elsewhere, and gives as many slopes."""


@dataclass(frozen=True, slots=True)
class SparsifyOptions:
    """The options of one run. With neither `sparsity` nor `max_distance`, the budget is `DEFAULT_DISTANCE`."""

    sparsity: float | None = None  # zeros among all weights to stop at
    max_distance: float | None = None  # d that the result may not exceed
    inputs: str | None = None  # an input model; None asks `default_model`
    selector: Selector = Selector.AUTO
    metric: OutputMetric | None = None  # None asks `default_metric`
    epochs: int | None = None  # this and the next three, draws, judged, validation and rounds are those of `Effort`;
    steps: int | None = None  # None: what serves the network's kind of layers
    batch: int | None = None
    rate: float | None = None
    gauss_newton: int = 0  # steps of Gauss-Newton after Adam in each epoch
    step_size: int | None = None  # weights removed between two scorings; None: all of an epoch
    draws: int | None = None
    judged: int | None = None
    validation: int | None = None
    weights: WeightFormat | None = None  # None: as the activations are
    activations: ActivationFormat = ActivationFormat.FLOAT32
    target_core: str | None = None  # weights are chosen by what they cost on it; None: by distance alone
    blocks: str | None = None  # 1x2: weights stay in twos, of inputs that share a word, where that pays
    exponents: int = 4  # powers of two that the weights of one neuron may be, with `pow2`
    rounds: int | None = None  # of snapping weights onto their grid
    path: tuple[float, ...] = ()  # sparsities at which the network on the way is kept, each after recovery epochs
    rest: int = 2  # recovery epochs, which fine-tune and remove nothing, at each of them and at the end
    seed: int = 0

    def __post_init__(self) -> None:
        if self.sparsity is not None and not 0 <= self.sparsity < 1:
            raise InputError(
                "--sparsity", f"{self.sparsity} is not a share", "write a number below 1, such as 0.95 for 95 %"
            )
        if self.max_distance is not None and not 0 < self.max_distance < float("inf"):
            raise InputError("--max-distance", f"{self.max_distance} is not positive", "0.1 is a careful budget")
        if self.rate is not None and not 0 < self.rate < float("inf"):
            raise InputError("--rate", f"{self.rate} is not positive", "0.04 serves most networks")
        _check_path(self.path, self.sparsity)
        for name, least in (
            ("epochs", 1),
            ("rest", 0),
            ("steps", 0),
            ("gauss_newton", 0),
            ("batch", 1),
            ("draws", 1),
            ("judged", 1),
            ("validation", 2),
            ("rounds", 1),
            ("exponents", 1),
        ):
            value = getattr(self, name)
            if value is not None and value < least:
                raise InputError(f"--{name}", f"{value} is less than {least}")
        if self.exponents > 8:
            raise InputError("--exponents", f"{self.exponents} is more than 8", "4 costs next to nothing")
        if self.weights is WeightFormat.FLOAT32 and self.activations is not ActivationFormat.FLOAT32:
            raise InputError("--weights", f"are float32, and activations {self.activations.value}", "take int8 or pow2")
        _check_price(self)
        if self.step_size is not None and self.step_size < 1:
            raise InputError("--step-size", f"{self.step_size} is less than 1", "1 removes one weight at a time")
        if self.seed < 0:
            raise InputError("--seed", f"{self.seed} is negative", "give a whole number from 0")

    def effort(self, windows: bool) -> Effort:
        """What was asked for, else what serves dense layers in a chain, or networks with windows."""
        usual = WINDOWS if windows else DENSE
        asked = {field.name: getattr(self, field.name) for field in fields(Effort)}
        return replace(usual, **{name: value for name, value in asked.items() if value is not None})

    @property
    def weight_format(self) -> WeightFormat:
        """The values that weights may have: those of the activations' format where nobody says."""
        return WeightFormat(self.activations.value) if self.weights is None else self.weights

    @property
    def ways(self) -> tuple[Price, ...]:
        """The ways in which the target writes a layer, with prices; none where weights are chosen by distance alone."""
        if self.target_core is None:
            return ()
        ways = PRICES[self.target_core, _arithmetic(self.activations)]
        return tuple(way for way in ways if way.block) if self.blocks else ways

    @property
    def budget(self) -> float | None:
        """The distance that the result may not exceed, or None."""
        if self.max_distance is None and self.target is None:
            return DEFAULT_DISTANCE
        return self.max_distance

    @property
    def target(self) -> float | None:
        """The sparsity to stop at, or None: the one asked for, else the last of the path."""
        if self.sparsity is None and self.max_distance is None and self.path:
            return max(self.path)
        return self.sparsity


def _arithmetic(activations: ActivationFormat) -> str:
    return "float32" if activations is ActivationFormat.FLOAT32 else "integers"


def _check_price(options: SparsifyOptions) -> None:
    core, arithmetic = options.target_core, _arithmetic(options.activations)
    if core is None and options.blocks is not None:
        raise InputError("--blocks", "has no prices to weigh them by", "give --for cortex-m4")
    if core is None:
        return
    if core not in (cores := sorted({name for name, _ in PRICES})):
        raise InputError("--for", f"{core[:40]!r} has no prices", f"give {' or '.join(cores)}")
    if (core, arithmetic) not in PRICES:
        raise InputError("--for", f"{core} has prices of integers alone", "give --activations int8 or int16")
    if options.weight_format is WeightFormat.FLOAT32:
        raise InputError("--for", "has nothing to choose: all float32 weights cost the same", "give --weights int8")
    if options.blocks not in (None, "1x2"):
        raise InputError("--blocks", f"{options.blocks[:40]!r} is none", "give 1x2")
    if options.blocks and not options.ways:
        raise InputError("--blocks", f"save nothing on {core} in {arithmetic}", "give --for cortex-m4, or leave it out")


def _check_path(path: tuple[float, ...], sparsity: float | None) -> None:
    for stop in path:
        if not 0 < stop < 1:
            raise InputError("--path", f"{stop} is not a share", "give numbers between 0 and 1, such as 0.8,0.9,0.95")
        if sparsity is not None and stop > sparsity:
            raise InputError("--path", f"{stop} lies beyond --sparsity {sparsity}", "leave one of them out")
