"""What a build costs, counted the same way for armlet's programs and for compiled C."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moves:
    """Words moved between registers and memory; a VLDM of four moves four."""

    activation: int
    weight: int
    stack: int
    other: int

    @property
    def total(self) -> int:
        return self.activation + self.weight + self.stack + self.other


@dataclass(frozen=True, slots=True)
class Figures:
    """One call of `entry`, and the memory that its program takes."""

    entry: str
    cycles: int  # where memory never makes the core wait
    cycles_on_part: int  # with the flash of `part`
    part: str
    clock: int  # Hz, of the part
    instructions: int
    loads: Moves
    stores: Moves
    code_bytes: int
    constant_bytes: int
    flash_bytes: int
    ram_bytes: int  # static variables
    stack_bytes: int
    mnemonics: Mapping[str, int]  # executed, by name

    @property
    def activation_moves(self) -> int:
        return self.loads.activation + self.stores.activation

    @property
    def milliseconds(self) -> float:
        """Time of one call on the part."""
        return 1e3 * self.cycles_on_part / self.clock

    def as_json(self) -> dict[str, object]:
        """Plain numbers and names for a report or a program."""
        moves = {"loads": self.loads, "stores": self.stores}
        shown: dict[str, object] = {
            name: {region: getattr(move, region) for region in Moves.__slots__} for name, move in moves.items()
        }
        names = [name for name in Figures.__slots__ if name not in ("loads", "stores", "mnemonics")]
        return {name: getattr(self, name) for name in names} | shown | {"mnemonics": dict(self.mnemonics)}
