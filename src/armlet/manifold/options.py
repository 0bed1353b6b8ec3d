"""What may be asked of the sparsifier, with defaults that serve most networks."""

from dataclasses import dataclass

from armlet.errors import InputError
from armlet.manifold.metric import OutputMetric
from armlet.manifold.select import Selector

DEFAULT_DISTANCE = 0.1  # the budget where neither sparsity nor distance is given: docs/sparsify.md, calibration


@dataclass(frozen=True, slots=True)
class SparsifyOptions:
    """Settings of one run. With neither `sparsity` nor `max_distance`, the distance budget is `DEFAULT_DISTANCE`."""

    sparsity: float | None = None  # zeros among all weights to stop at
    max_distance: float | None = None  # d that the result may not exceed
    inputs: str | None = None  # an input model; None asks `default_model`
    selector: Selector = Selector.COMPENSATED
    metric: OutputMetric = OutputMetric.LOGITS
    epochs: int = 40  # rounds of removing and adjusting
    steps: int = 500  # of Adam in each adjustment; 0 leaves the survivors alone
    batch: int = 256  # inputs for each step
    rate: float = 0.04  # of Adam, at the start of each adjustment, in root mean squares of a layer's weights
    step_size: int | None = None  # weights removed between two judgements of costs; None: an epoch's worth
    draws: int = 32768  # inputs to adjust on
    judged: int = 2048  # of them, those that costs are judged on
    validation: int = 4096  # inputs that only measure d
    seed: int = 0

    def __post_init__(self) -> None:
        if self.sparsity is not None and not 0 <= self.sparsity < 1:
            raise InputError("--sparsity", f"{self.sparsity} is not a share", "give a number from 0 up to, not with, 1")
        if self.max_distance is not None and not 0 < self.max_distance < float("inf"):
            raise InputError("--max-distance", f"{self.max_distance} is not positive", "0.1 is a careful budget")
        if not 0 < self.rate < float("inf"):
            raise InputError("--rate", f"{self.rate} is not positive", "0.04 serves most networks")
        for name, least in (("epochs", 1), ("steps", 0), ("batch", 1), ("draws", 1), ("judged", 1), ("validation", 2)):
            if getattr(self, name) < least:
                raise InputError(f"--{name}", f"{getattr(self, name)} is less than {least}")
        if self.step_size is not None and self.step_size < 1:
            raise InputError("--step-size", f"{self.step_size} is less than 1", "1 removes one weight at a time")
        if self.seed < 0:
            raise InputError("--seed", f"{self.seed} is negative", "give a whole number from 0")

    @property
    def budget(self) -> float | None:
        """The distance not to exceed, if there is one."""
        if self.max_distance is None and self.sparsity is None:
            return DEFAULT_DISTANCE
        return self.max_distance
