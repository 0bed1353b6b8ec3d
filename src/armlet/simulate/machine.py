"""A linked program in an emulated core: put bytes in, call a function by the procedure call standard, read bytes out.

Code and constants are mapped read-only, variables, caller's buffers and the stack lie far apart with nothing mapped
between them, so an access that leaves its memory is a fault and not a silent success. Registers that a call may destroy
hold NaNs when it starts, those that it must preserve hold marks that are checked when it returns.
"""

import struct
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
import unicorn
from numpy.typing import ArrayLike, NDArray
from unicorn import Uc, UcError  # pyright: ignore[reportPrivateImportUsage]

from armlet.errors import ToolchainError
from armlet.isa.core import Core, Memory
from armlet.simulate.watchdog import Watchdog
from armlet.toolchain.image import Image

SECONDS = 60.0  # of emulation that one call may take
_PAGE = 4096
STACK = Memory(0x3000_0000, 64 << 10)  # grows down from its end
BUFFERS = Memory(0x2800_0000, 16 << 20)  # what the caller of the program owns
_RETURN = 0x3F00_0000  # a page of its own that a call returns to
_POISON = 0x7FC0DEAD  # a quiet NaN that shows where it came from

_WATCHDOG = Watchdog()


class MachineError(ToolchainError):
    """The program did on the emulated core what it must not do."""


class Machine:
    """One core with one program in it. Memory lives on between calls."""

    def __init__(self, core: Core, image: Image) -> None:
        self.core, self.image = core, image
        self._free = BUFFERS.base
        self._marks = {name: 0x5A5A0000 + i for i, name in enumerate(core.preserved)} | {"sp": STACK.end}
        self._calls: dict[tuple[int, ...], Any] = {}  # registers at a call, by its arguments
        self._emulator = core.instruction_set.emulator
        self._constants, self._numbers = import_module(self._emulator.constants), dict[str, int]()
        self.unicorn: Any = Uc(getattr(unicorn, self._emulator.architecture), getattr(unicorn, self._emulator.mode))
        self.unicorn.ctl_set_cpu_model(getattr(self._constants, self._emulator.model + core.emulator_model))
        self._map_image()
        for memory in (BUFFERS, STACK):
            self.unicorn.mem_map(memory.base, memory.size, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE)
        self.unicorn.mem_map(_RETURN, _PAGE, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)

    def reserve(self, size: int) -> int:
        """The address of `size` fresh bytes of the caller's, at the start of a page."""
        address = self._free
        self._free += -(-size // _PAGE) * _PAGE + _PAGE
        if self._free > BUFFERS.end:
            raise MachineError(f"buffers of {size} bytes do not fit the emulated memory")
        return address

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into memory. Raises `MachineError` outside what is mapped."""
        try:
            self.unicorn.mem_write(address, data)
        except UcError as refused:
            raise MachineError(f"cannot write {len(data)} bytes at {address:#010x}") from refused

    def read(self, address: int, size: int) -> bytes:
        """Bytes out of memory. Raises `MachineError` outside what is mapped."""
        try:
            return bytes(self.unicorn.mem_read(address, size))
        except UcError as refused:
            raise MachineError(f"cannot read {size} bytes at {address:#010x}") from refused

    def write_floats(self, address: int, values: ArrayLike) -> None:
        self.write(address, np.asarray(values, "<f4").tobytes())

    def read_floats(self, address: int, count: int) -> NDArray[np.float32]:
        return np.frombuffer(self.read(address, 4 * count), "<f4").astype(np.float32)

    def poison(self, address: int, size: int) -> None:
        """Fill memory with NaNs, so that reading what was never written shows in the results."""
        self.write(address, (struct.pack("<I", _POISON) * -(-size // 4))[:size])

    def register(self, name: str) -> int:
        """The bits in register `name` as the last call left it."""
        return self.unicorn.reg_read(self._register(name))

    def call(self, symbol: str, arguments: Sequence[int] = (), seconds: float | None = None) -> None:
        """Call a function. Raises `MachineError` on a fault, no return in time, or a register not given back."""
        start = self.image.address(symbol)
        self.unicorn.context_restore(self._at_call(tuple(arguments)))
        self._run(symbol, start, SECONDS if seconds is None else seconds)
        left = self.unicorn.reg_read_batch([self._register(name) for name in self._marks])
        if lost := [name for name, bits in zip(self._marks, left) if bits != self._marks[name]]:
            raise MachineError(f"{symbol} returns without giving back {', '.join(lost)}")

    def _at_call(self, arguments: tuple[int, ...]) -> Any:
        """All registers as they are when a function is called with `arguments`; made once."""
        if arguments not in self._calls:
            values = (
                dict.fromkeys(self.core.scratch, _POISON)
                | self._marks
                | {self._emulator.link: _RETURN | self.core.instruction_set.code_bit}
            )
            values |= {f"r{i}": value for i, value in enumerate(arguments)}
            for name, value in values.items():
                self.unicorn.reg_write(self._register(name), value)
            for name in self._emulator.cleared:
                self.unicorn.reg_write(self._register(name), 0)
            self._calls[arguments] = self.unicorn.context_save()
        return self._calls[arguments]

    def _run(self, symbol: str, start: int, seconds: float) -> None:
        try:
            with _WATCHDOG.limit(seconds, self.unicorn.emu_stop):  # Unicorn's own limit costs 2 ms a call
                self.unicorn.emu_start(start | self.core.instruction_set.code_bit, _RETURN)
        except UcError as fault:
            place = self.register(self._emulator.counter)
            raise MachineError(f"{symbol} faults at {place:#010x}: {fault}") from fault
        if self.register(self._emulator.counter) & ~1 != _RETURN:
            raise MachineError(f"{symbol} does not return within {seconds:g} s")

    def _map_image(self) -> None:
        """Sections of one memory share one mapping, whole pages of it."""
        for memory, rights in ((self.core.flash, unicorn.UC_PROT_EXEC), (self.core.ram, unicorn.UC_PROT_WRITE)):
            inside = [s for s in self.image.sections if memory.base <= s.address < memory.base + (64 << 20)]
            end = max((section.end for section in inside), default=memory.base)
            size = max(memory.size, -(-(end - memory.base) // _PAGE) * _PAGE)
            self.unicorn.mem_map(memory.base, size, unicorn.UC_PROT_READ | rights)
            for section in inside:
                self.unicorn.mem_write(section.address, section.content)

    def _register(self, name: str) -> int:
        """Unicorn's number of a register."""
        if name not in self._numbers:
            self._numbers[name] = getattr(self._constants, self._emulator.register + name.upper())
        return self._numbers[name]
