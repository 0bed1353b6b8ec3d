"""What one call did, as arrays: which instructions ran in which order, every access to memory and its region."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from armlet.isa.instruction import Instruction
from armlet.simulate.machine import STACK


class Region(Enum):
    """What an address is for."""

    ACTIVATION = "activation"  # inputs, outputs, static variables
    WEIGHT = "weight"  # constants in flash
    STACK = "stack"
    OTHER = "other"


REGIONS = tuple(Region)


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A run: one entry a step, one entry an access."""

    forms: tuple[Instruction, ...]
    form: NDArray[np.int32]  # (steps,) index into forms
    address: NDArray[np.uint32]  # (steps,) of each instruction
    skipped: NDArray[np.bool_]  # (steps,) an access that its condition did not let happen
    access_step: NDArray[np.int64]  # (accesses,) the step that made the access
    access_address: NDArray[np.uint32]
    access_size: NDArray[np.uint8]  # bytes
    access_store: NDArray[np.bool_]
    access_region: NDArray[np.uint8]  # index into REGIONS
    blocks: NDArray[np.uint32]  # (blocks, 2) address and bytes, as executed

    @property
    def instructions(self) -> int:
        """Executed instructions, IT and those that their condition skipped among them."""
        return len(self.form)

    @property
    def stack_bytes(self) -> int:
        """How deep the run reached into the stack."""
        mine = self.access_address[self.access_region == REGIONS.index(Region.STACK)]
        return int(STACK.end - mine.min()) if len(mine) else 0

    def moves(self, region: Region, store: bool) -> int:
        """Words moved between registers and `region`; an access of less than a word is one."""
        mine = (self.access_region == REGIONS.index(region)) & (self.access_store == store)
        return int(((self.access_size[mine].astype(np.int64) + 3) // 4).sum())

    def counts(self) -> Mapping[str, int]:
        """How often each mnemonic was executed."""
        times = np.bincount(self.form, minlength=len(self.forms))
        found: dict[str, int] = {}
        for form, count in zip(self.forms, times.tolist()):
            found[form.name] = found.get(form.name, 0) + count
        return {name: found[name] for name in sorted(found) if found[name]}

    def same_path(self, other: "Trace", tables: bool = False) -> bool:
        """Whether both runs executed the same instructions and accessed the same addresses, in the same order.

        With `tables` the same steps may read other constants.
        """
        if not (np.array_equal(self.address, other.address) and np.array_equal(self.access_step, other.access_step)):
            return False
        differ = self.access_address != other.access_address
        looked_up = self.access_region == REGIONS.index(Region.WEIGHT)
        return not (differ & ~(looked_up & (other.access_region == self.access_region) & tables)).any()
