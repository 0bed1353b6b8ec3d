"""How to train, and what is seen of it: plain values that wake no JAX."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from armlet.errors import InputError


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """Adam with decoupled weight decay, its rate falling by half a cosine to zero over `epochs`."""

    seed: int = 0
    epochs: int = 0  # 0: as many as make about 6,000 steps, from 15 to 150
    batch: int = 0  # samples a step; 0: a 400th of the training rows, from 32 to 128
    rate: float = 0.0  # at the first step; 0: 0.03 over the root of the batch, so that small batches are not timid
    decay: float = 0.1  # of weights, not of biases, times the rate at each step
    validation: float = 0.1  # share of the training rows held out to choose the best epoch
    patience: int = 0  # epochs without a better validation accuracy before it stops; 0: half of them

    def __post_init__(self) -> None:
        for name, least in (("seed", 0), ("epochs", 0), ("batch", 0), ("patience", 0)):
            if getattr(self, name) < least:
                raise InputError(f"--{name}", f"is {getattr(self, name)}", f"give a whole number from {least}")
        if not 0 <= self.rate < 1:
            raise InputError("--rate", f"is {self.rate}", "give a number from 0 to below 1, such as 0.002")
        if not 0 <= self.decay < 1:
            raise InputError("--decay", f"is {self.decay}", "give a number from 0 to below 1")
        if not 0 < self.validation < 1:
            raise InputError("--validation", f"is {self.validation}", "give a share such as 0.1")

    def for_samples(self, samples: int) -> "TrainOptions":
        """The same with epochs, batch, rate and patience decided, where they are 0, for so many training rows."""
        batch = min(self.batch or min(max(samples // 400, 32), 128), samples)
        epochs = self.epochs or min(max(round(6000 / (samples // batch)), 15), 150)
        patience = self.patience or (epochs + 1) // 2
        return replace(self, epochs=epochs, batch=batch, rate=self.rate or 0.03 / batch**0.5, patience=patience)


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch gave."""

    number: int  # from 1
    epochs: int
    loss: float  # mean cross entropy over the epoch's batches, nats
    accuracy: float  # on the rows held out
    best: float  # accuracy of the best epoch so far


Watch = Callable[[Epoch], None]


def unwatched(epoch: Epoch) -> None:
    """Watches nothing."""
