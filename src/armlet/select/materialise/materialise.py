"""Materialises constants: each is loaded from the pool, or made by an instruction that holds it.

A number that an instruction of the target can hold is made right before its use, in a register set aside for such: of
two in turn, one is made while the other is still read. What begins a sum is made in its accumulator. Twice a value is
its sum with itself, and no constant at all. Products that are alike may be shared (`shared_products`). Registers set
aside make the loads from the pool shorter, so that the cheaper way depends on how many constants are such numbers: all
ways are given, to choose from (`armlet.tune`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from armlet.graph.graph import Index
from armlet.network.frozen import F32
from armlet.select.instructions import Instructions
from armlet.select.materialise.constant_pool import ConstantPool, plan_pool
from armlet.select.materialise.shared_products import SharedProducts, share_products
from armlet.select.steps import Steps

Mask: TypeAlias = NDArray[np.bool_]
Wanted: TypeAlias = tuple[NDArray[np.int64], F32]  # instructions, and a constant for each

_SLOTS = (1, 2)  # registers set aside
_FROM_POOL = 2  # constants that one instruction may want from the pool
_SHARED = ((2, 2), (3, 3), (3, 2), (4, 4))  # registers for shared products, and sizes of weights that stay in some
_WORTH = 0.02  # of the connections must spare a product, or sharing is not tried


@dataclass(frozen=True, slots=True)
class Materialisation:
    """In which register each instruction finds its constants, and what brings them there."""

    pool: ConstantPool
    into: int  # the first register that the pool is loaded into
    immediates: tuple[tuple[NDArray[np.int64], Index, F32], ...]  # instructions, a register and a number for each
    doubled: Mask  # by instruction: its product is a value with itself
    start: Index  # by instruction: what its sum begins with, or goes on from
    factor: Index  # by instruction: its weight and then its product, or the constant of its activation
    times: Index  # by instruction: its weight, as long as it has not become the product
    makes: Mask  # by instruction: it makes its product, and takes no other's
    unsigned: Mask  # by instruction: the product is with the size of the weight
    resident: tuple[F32, int] = (np.zeros(0, np.float32), 0)  # numbers that stay in registers, and the first of these


@dataclass(frozen=True, slots=True)
class _Immediates:
    """Which constants instructions hold."""

    bias: Mask  # by instruction
    weight: Mask
    doubled: Mask
    others: Mask  # by constant

    @classmethod
    def most(cls, steps: Steps, others: F32, numbers: tuple[float, ...], fused: bool) -> "_Immediates":
        """All that can be."""
        twice = (steps.bare & (steps.weight == 2)) | (~steps.bare & (np.abs(steps.weight) == 2) & (not fused))
        return cls(
            np.isin(steps.bias, numbers),
            np.isin(steps.weight, numbers) & ~steps.unit & ~twice,
            twice,
            np.isin(others, numbers),
        )

    def but(self, kept: Mask) -> "_Immediates":
        """Nothing for the activations, and of weights those of the instructions in `kept`."""
        return _Immediates(self.bias, self.weight & kept, self.doubled & kept, np.zeros_like(self.others))

    def slotted(self, steps: Steps, at: NDArray[np.int64]) -> Mask:
        """Which instructions need a register that is set aside."""
        slotted = (self.weight | self.doubled) & ~steps.bare
        slotted[at[self.others]] = True
        return slotted


def materialisations(
    instructions: Instructions,
    steps: Steps,
    others: Wanted,
    numbers: tuple[float, ...],
    fused: bool,
    registers: range,
) -> Iterator[Materialisation]:
    """All ways to materialise the constants of `steps`, and `others`, in `registers`; first with all from the pool."""
    most = _Immediates.most(steps, others[1], numbers, fused)
    nowhere = np.zeros_like(steps.bare)
    least, nothing = most.but(steps.bare), _Immediates(nowhere, nowhere, nowhere, np.zeros_like(most.others))
    yield _materialised(steps, others, nothing, registers, 0)
    if (least.bias | least.weight | least.doubled).any():
        yield _materialised(steps, others, least, registers, 0)
    for slots in _SLOTS:
        if most.slotted(steps, others[0]).any() and len(registers) - slots >= _FROM_POOL:
            yield _materialised(steps, others, most, registers, slots)
    for slots, residents in () if fused else _SHARED:
        if len(registers) - slots - residents >= _FROM_POOL and (most.slotted(steps, others[0]) & steps.connects).any():
            products = share_products(instructions, steps, numbers, slots, residents)
            if products.spared > _WORTH * np.count_nonzero(steps.connects):
                yield _with_shared(steps, others, least, registers, products, slots)


def _with_shared(
    steps: Steps, others: Wanted, made: _Immediates, registers: range, products: SharedProducts, slots: int
) -> Materialisation:
    """Products in the first registers, then the numbers that stay, and the pool in the rest."""
    has, size, first = products.slot >= 0, np.abs(steps.weight), registers.start + slots
    held = _Immediates(made.bias, made.weight | has, made.doubled & ~has, made.others)
    plain = _materialised(steps, others, held, registers, slots + len(products.resident))
    place = {number: first + k for k, number in enumerate(products.resident.tolist())}
    factor = np.where(has, registers.start + products.slot, plain.factor)
    stays = np.isin(size, products.resident) & has
    times = factor.copy()
    times[stays] = [place[number] for number in size[stays].tolist()]
    twice = has & (size == 2)
    held_here = np.flatnonzero(has & products.makes & ~stays & ~twice)
    bias, (at, own, numbers), rest = plain.immediates
    mine = ~has[at]
    return Materialisation(
        pool=plain.pool,
        into=plain.into,
        immediates=(bias, (at[mine], own[mine], numbers[mine]), rest, (held_here, factor[held_here], size[held_here])),
        doubled=plain.doubled | twice,
        start=plain.start,
        factor=factor,
        times=times,
        makes=~has | products.makes,
        unsigned=plain.unsigned | has,
        resident=(products.resident, first),
    )


def _materialised(steps: Steps, others: Wanted, made: _Immediates, registers: range, slots: int) -> Materialisation:
    at, values = others
    begins = (steps.biased | steps.constant) & ~made.bias
    weighed = steps.connects & ~steps.unit & ~made.doubled & ~made.weight
    wanted = [_where(begins, steps.bias), _where(weighed, steps.weight), (at[~made.others], values[~made.others])]
    pool = plan_pool(wanted, len(steps.weight), len(registers) - slots)
    into = registers.start + slots

    slotted = made.slotted(steps, at)
    slot = registers.start + (np.cumsum(slotted) - 1) % max(1, slots)
    start = np.where(begins, into + pool.first, steps.accumulator)
    own = steps.bare & (made.weight | made.doubled)
    factor = np.where(slotted, slot, np.where(own, steps.accumulator, into + pool.first + begins))
    bias, weight = np.flatnonzero(made.bias), np.flatnonzero(made.weight)
    numbers = (
        (bias, steps.accumulator[bias], steps.bias[bias]),
        (weight, factor[weight], steps.weight[weight]),
        (at[made.others], factor[at[made.others]], values[made.others]),
    )
    everywhere = np.ones_like(made.doubled)
    return Materialisation(pool, into, numbers, made.doubled, start, factor, factor, everywhere, made.doubled)


def _where(marked: Mask, column: F32) -> Wanted:
    at = np.flatnonzero(marked)
    return at, column[at]
