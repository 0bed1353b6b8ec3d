"""What instructions of core registers mean that work on the bits of a value, where they stand in activations."""

from collections.abc import Callable

from armlet.isa.semantics import RefusalError, Step, SymbolicMachine, Term


def clear(parts: list[str]) -> Step:
    """BIC d, a, b, ASR #31: all bits go where the sign of b is set. BIC d, a, #0x80000000: the sign goes."""
    if len(parts) == 3 and parts[2].startswith("#") and int(parts[2][1:], 0) & 0xFFFF_FFFF == 1 << 31:
        return _one(lambda s, a: s.terms.magnitude(a), parts[:2])
    if len(parts) == 4 and parts[1] != parts[2] and parts[3] == "asr #31":
        return _kept(*parts[:3])
    return _one(lambda s, a: s.terms.positive(a), _by_sign(parts))


def keep(parts: list[str]) -> Step:
    """AND d, a, a, ASR #31: all bits go where the sign is clear."""
    return _one(lambda s, a: s.terms.negative(a), _by_sign(parts))


def insert(parts: list[str]) -> Step:
    """BFI d, a, #0, #31: all bits but the sign come from a."""
    if [int(part[1:], 0) for part in parts[2:]] != [0, 31]:
        raise RefusalError("is unknown to the prover")
    d, a = parts[:2]

    def step(s: SymbolicMachine, _: int) -> None:
        s.put(d, s.terms.signed(s.get(d), s.get(a)))

    return step


def _kept(d: str, a: str, by: str) -> Step:
    def step(s: SymbolicMachine, _: int) -> None:
        s.put(d, s.terms.kept(s.get(a), s.get(by)))

    return step


def _by_sign(parts: list[str]) -> list[str]:
    if len(parts) != 4 or parts[1] != parts[2] or parts[3] != "asr #31":
        raise RefusalError("is unknown to the prover")
    return parts[:2]


def _one(compute: Callable[[SymbolicMachine, Term], Term], parts: list[str]) -> Step:
    d, a = parts

    def step(s: SymbolicMachine, _: int) -> None:
        s.put(d, compute(s, s.get(a)))

    return step
