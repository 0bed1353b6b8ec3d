"""The two ways into a build's program, called or watched: what the runners of all kinds of builds have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeAlias, TypeVar

from armlet.build import names
from armlet.isa.core import Core
from armlet.simulate.decoded import DecodedProgram, decode_program
from armlet.simulate.machine import Machine
from armlet.simulate.trace import Trace
from armlet.simulate.watch import trace_call
from armlet.toolchain.image import Image

Call: TypeAlias = Callable[[str, tuple[int, ...]], None]  # a symbol, and what is passed to it
Row = TypeVar("Row")


class _Target(Protocol):
    @property
    def core(self) -> Core: ...


class _Build(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def target(self) -> _Target: ...


AnyBuild = TypeVar("AnyBuild", bound=_Build)


class Entries(ABC, Generic[AnyBuild, Row]):
    """One build, loaded. Both entries take one row of inputs and give the outputs."""

    def __init__(self, build: AnyBuild, image: Image) -> None:
        self.build, self.image = build, image
        self.machine = Machine(build.target.core, image)
        self._decoded: DecodedProgram | None = None

    @property
    def entries(self) -> Mapping[str, Callable[[Row], Row]]:
        """The two ways in, by symbol."""
        name = self.build.name
        return {names.run_symbol(name): self.run, names.core_symbol(name): self.core}

    def run(self, x: Row) -> Row:
        """NAME_run on C arrays. Raises `MachineError`."""
        return self._through_arrays(x, self.machine.call)

    def core(self, x: Row) -> Row:
        """NAME_core as the drivers say. Raises `MachineError`."""
        return self._through_drivers(x, self.machine.call)

    def trace(self, entry: str, x: Row) -> Trace:
        """The same call, watched. Raises `MachineError`."""
        seen: list[Trace] = []

        def call(symbol: str, arguments: tuple[int, ...]) -> None:
            seen.append(trace_call(self.machine, symbol, arguments, program=self.decoded))

        way = self._through_arrays if self.is_run(entry) else self._through_drivers
        way(x, call)
        return seen[0]

    @property
    def decoded(self) -> DecodedProgram:
        """The program's instructions, decoded once."""
        self._decoded = self._decoded or decode_program(self.machine.core, self.image)
        return self._decoded

    def is_run(self, entry: str) -> bool:
        """Whether an entry is NAME_run."""
        return entry == names.run_symbol(self.build.name)

    @abstractmethod
    def _through_arrays(self, x: Row, call: Call) -> Row:
        """NAME_run, by `call`, on a C array of a row."""

    @abstractmethod
    def _through_drivers(self, x: Row, call: Call) -> Row:
        """NAME_core, by `call`, on a block that is filled and read as the drivers say."""

    def _poison(self) -> None:
        """Fill the program's own variables with what no value is."""
        for section in self.image.sections:
            if section.name == ".bss":
                self.machine.poison(section.address, section.size)
