"""What a caller may ask of the compiler: the tables [compile] and [compile.anneal] of armlet.toml."""

from dataclasses import dataclass

from armlet.errors import InputError


def _require(holds: bool, name: str, value: object, range_: str) -> None:
    if not holds:
        raise InputError(f"--{name}", f"is {value}", f"give {range_}")


@dataclass(frozen=True, slots=True)
class AnnealOptions:
    """The annealing schedule of order and layout (see `anneal.engine.Annealing`)."""

    moves: int = 2_000
    most_moves: int = 4_000_000
    hot: float = 0.3
    cold: float = 0.02
    cycles: int = 2
    chains: int = 1

    def __post_init__(self) -> None:
        for name in ("moves", "most_moves"):
            _require(0 <= getattr(self, name) <= 1 << 40, name, getattr(self, name), "0 or more")
        _require(0 < self.cold <= self.hot < 1e6, "cold", self.cold, "above 0 and not above hot")
        for name in ("cycles", "chains"):
            _require(1 <= getattr(self, name) <= 1000, name, getattr(self, name), "1 to 1000")


@dataclass(frozen=True, slots=True)
class CompileOptions:
    """What a caller may ask of the compiler. Each changes the quality of the code or its size, never its meaning."""

    target: str = "cortex-m4f"
    dtype: str = "float32"
    registers: int | None = None  # None: all that the target has for values
    batch: int | None = None  # registers left to sources, so that batches of loads are as long; None: what costs least
    objective: str = "cycles"  # what the order is chosen by: estimated cycles, or activation moves
    inputs: str = "auto"  # layout of the input block: free, natural, or auto: what suits both entries
    outputs: str = "auto"  # of NAME_core: left in registers where they fit, or always in memory
    multiply_add: str = "separate"  # or fused: smaller, slower on Cortex-M4F
    simplify: bool = True
    rescale: str = (
        "free"  # neurons, so that weights become 1 or -1: by powers of two; any: each rounded once more; none
    )
    flash: int | None = None  # bytes that code and constants may take
    ram: int | None = None  # bytes that the blocks and the stack may take
    seed: int = 0
    anneal: AnnealOptions = AnnealOptions()

    def __post_init__(self) -> None:
        for name, least in (("registers", 2), ("batch", 1), ("flash", 0), ("ram", 0)):
            value = getattr(self, name)
            _require(value is None or value >= least, name, value, f"{least} or more")
        _require(self.objective in ("cycles", "moves"), "objective", repr(self.objective), "cycles or moves")
        if self.outputs == "argmax":
            hint = "armlet sparsify --weights makes integers of it"
            raise InputError("--outputs argmax", "is for networks in integers, this one computes in float32", hint)
        _require(self.outputs in ("auto", "memory"), "outputs", repr(self.outputs), "auto or memory")
        _require(0 <= self.seed < 1 << 63, "seed", self.seed, "0 or more")


@dataclass(frozen=True, slots=True)
class IntegerCompileOptions:
    """What a caller may ask of the compiler for a network in integers, whose formats are the network's own."""

    target: str = "cortex-m4"
    optimize: str = "speed"  # or size, balanced
    outputs: str = "auto"  # what the network says: all of them; or argmax: the number of the largest
    flash: int | None = None  # bytes that code and constants may take
    ram: int | None = None  # bytes that the block and the stack may take
    seed: int = 0
    anneal: AnnealOptions = AnnealOptions()

    def __post_init__(self) -> None:
        for name in ("flash", "ram"):
            value = getattr(self, name)
            _require(value is None or value >= 0, name, value, "0 or more")
        _require(
            self.optimize in ("speed", "size", "balanced"), "optimize", repr(self.optimize), "speed, size or balanced"
        )
        _require(self.outputs in ("auto", "argmax"), "outputs", repr(self.outputs), "auto or argmax")
        _require(0 <= self.seed < 1 << 63, "seed", self.seed, "0 or more")
