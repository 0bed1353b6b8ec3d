"""Watch one call in the emulator and give its Trace.

Only basic blocks and accesses to memory are watched, since watching each instruction would be slow. Accesses are given
to instructions by counting bytes: each instruction moves a number of bytes known from its form, and the totals must
agree. Whether an instruction inside an IT block ran is watched one by one, where it moves data.
"""

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import unicorn
import unicorn.arm_const as arm
from numpy.typing import NDArray

from armlet.errors import InvariantError
from armlet.isa.core import LARGEST_FLASH, LARGEST_RAM, Memory
from armlet.simulate.decoded import DecodedProgram, decode_program
from armlet.simulate.machine import BUFFERS, STACK, Machine
from armlet.simulate.trace import REGIONS, Region, Trace

_IT_STATE = 0x0600_FC00  # of the status register
_ADDRESS, _SIZE, _BYTE, _STORE = 0xFFFF_FFFF, 32, 0xFF, 40  # an access in one number


def trace_call(
    machine: Machine,
    symbol: str,
    arguments: Sequence[int] = (),
    seconds: float | None = None,
    program: DecodedProgram | None = None,
) -> Trace:
    """Call `symbol` and watch it. `program` spares decoding the image again. Raises `MachineError` as the call does."""
    watch = _Watch(machine, program or decode_program(machine.core, machine.image))
    try:
        machine.call(symbol, arguments, seconds)
    finally:
        watch.stop()
    return watch.trace()


class _Watch:
    """The hooks of one call and what they saw."""

    def __init__(self, machine: Machine, program: DecodedProgram) -> None:
        self.machine, self.program = machine, program
        self.blocks: list[tuple[int, int]] = []
        self.accesses = array("Q")  # address, size and direction of each, packed: there may be millions
        self.ran: set[tuple[int, int]] = set()  # block number and address of each conditional access that ran
        core = machine.unicorn
        core.ctl_flush_tb()  # code translated before has no hooks in it
        moving = unicorn.UC_HOOK_MEM_READ | unicorn.UC_HOOK_MEM_WRITE
        access = self._access_and_mend if program.guarded else self._access
        self.hooks = [core.hook_add(unicorn.UC_HOOK_BLOCK, self._block), core.hook_add(moving, access)]
        for address in program.guarded:
            self.hooks.append(core.hook_add(unicorn.UC_HOOK_CODE, self._conditional, None, address, address))

    def stop(self) -> None:
        for hook in self.hooks:
            self.machine.unicorn.hook_del(hook)
        self.machine.unicorn.ctl_flush_tb()

    def trace(self) -> Trace:
        blocks = np.array(self.blocks, np.int64).reshape(-1, 2)
        inside = np.flatnonzero(self.program.holds(blocks[:, 0]))  # the return address is no part of the program
        parts = self._block_addresses([self.blocks[i] for i in inside.tolist()])
        address = np.concatenate(parts) if parts else np.zeros(0, np.int64)
        block_of = np.repeat(inside, [len(part) for part in parts])
        form = self.program.form_at[(address - self.program.base) // 2]
        moved = self._moved(form, address, block_of)
        accesses = np.frombuffer(self.accesses, np.uint64) if self.accesses else np.zeros(0, np.uint64)
        places, sizes = (accesses & _ADDRESS).astype(np.uint32), (accesses >> _SIZE & _BYTE).astype(np.uint8)
        return Trace(
            forms=self.program.forms,
            form=form,
            address=address.astype(np.uint32),
            skipped=(moved == 0) & (self._of_form("moved")[form] > 0),
            access_step=self._owners(moved, sizes.astype(np.int64)),
            access_address=places,
            access_size=sizes,
            access_store=accesses >> _STORE != 0,
            access_region=_regions(self.machine, places),
            blocks=blocks[inside].astype(np.uint32),
        )

    def _block(self, _: Any, address: int, size: int, __: Any) -> None:
        self.blocks.append((address, size))

    def _access(self, _: Any, kind: int, address: int, size: int, __: int, ___: Any) -> None:
        self.accesses.append(address | size << _SIZE | (kind == unicorn.UC_MEM_WRITE) << _STORE)

    def _access_and_mend(self, core: Any, kind: int, address: int, size: int, _: int, __: Any) -> None:
        """As `_access`. Unicorn 2.1 leaves the state of an IT block behind after this callback; left so, it would run
        the next block under a condition that is not its own."""
        self.accesses.append(address | size << _SIZE | (kind == unicorn.UC_MEM_WRITE) << _STORE)
        status = core.reg_read(arm.UC_ARM_REG_CPSR)
        if status & _IT_STATE:
            core.reg_write(arm.UC_ARM_REG_CPSR, status & ~_IT_STATE)

    def _conditional(self, core: Any, address: int, _: int, __: Any) -> None:
        if _holds(self.program.guarded[address], core.reg_read(arm.UC_ARM_REG_CPSR)):
            self.ran.add((len(self.blocks) - 1, address))

    def _block_addresses(self, blocks: list[tuple[int, int]]) -> list[NDArray[np.int64]]:
        """The instructions of each executed block; equal blocks share one array."""
        known: dict[tuple[int, int], NDArray[np.int64]] = {}
        for block in blocks:
            if block not in known:
                known[block] = self.program.addresses(*block)
        return [known[block] for block in blocks]

    def _of_form(self, figure: str) -> NDArray[np.int64]:
        return np.array([getattr(form, figure) for form in self.program.forms], np.int64)

    def _moved(
        self, form: NDArray[np.int32], address: NDArray[np.int64], block_of: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Bytes that each step moves: none where its condition skipped it."""
        moved = self._of_form("moved")[form]
        guarded = np.flatnonzero(np.isin(address, list(self.program.guarded))).tolist()
        for step in guarded:
            if (int(block_of[step]), int(address[step])) not in self.ran:
                moved[step] = 0
        return moved

    @staticmethod
    def _owners(moved: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
        """The step of each access: both sides count the same bytes in the same order."""
        if sizes.sum() != moved.sum():
            raise InvariantError(f"the run moved {sizes.sum()} bytes, its instructions move {moved.sum()}")
        return np.searchsorted(np.cumsum(moved), np.cumsum(sizes), side="left")


def _regions(machine: Machine, addresses: NDArray[np.uint32]) -> NDArray[np.uint8]:
    found = np.full(len(addresses), REGIONS.index(Region.OTHER), np.uint8)
    places: Mapping[Memory, Region] = {
        Memory(machine.core.flash.base, LARGEST_FLASH): Region.WEIGHT,
        Memory(machine.core.ram.base, LARGEST_RAM): Region.ACTIVATION,
        BUFFERS: Region.ACTIVATION,
        STACK: Region.STACK,
    }
    for memory, region in places.items():
        found[(addresses >= memory.base) & (addresses < memory.end)] = REGIONS.index(region)
    return found


def _holds(condition: str, status: int) -> bool:
    """Whether an ARM condition holds for the flags in a status register."""
    n, z, c, v = (bool(status >> bit & 1) for bit in (31, 30, 29, 28))
    tests = {"eq": z, "hs": c, "mi": n, "vs": v, "hi": c and not z, "ge": n == v, "gt": n == v and not z}
    opposite = {"ne": "eq", "lo": "hs", "pl": "mi", "vc": "vs", "ls": "hi", "lt": "ge", "le": "gt"}
    return not tests[opposite[condition]] if condition in opposite else tests[condition]
