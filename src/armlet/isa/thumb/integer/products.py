"""What products mean on linear forms: ARM DDI 0403, A7.7. One factor must be known; otherwise they are not linear."""

from collections.abc import Mapping
from types import MappingProxyType

from armlet.integer.forms.products import add_product, multiply, multiply_high
from armlet.integer.forms.words import Words
from armlet.isa.semantics import IntegerMachine, IntegerStep, RefusalError, Term
from armlet.isa.thumb.integer.operands import Meaning, known, two


def _product(words: Words, a: Term, b: Term, halves: str) -> Term:
    """The signed product of a half of a and a half of b, each the top one or the bottom one."""
    one, two = (words.right(x, 16, True) if h == "t" else words.field(x, 16, True) for x, h in zip((a, b), halves))
    return known(multiply(words, one, two))


def _products(*halves: str, added: int = 1) -> Meaning:
    """Sums of products; `added` is 1 or -1 for those that are added to or taken from a fourth operand, 0 for none."""

    def meaning(parts: list[str]) -> IntegerStep:
        d, a, b = parts[:3]
        before = parts[3] if added else ""
        if len(parts) != (4 if added else 3):
            raise RefusalError("is unknown to the prover")

        def step(s: IntegerMachine, _: int) -> None:
            words, one, two = s.terms, s.get(a), s.get(b)
            total = s.get(before) if added else words.constant(0)
            for each in halves:
                product = _product(words, one, two, each) if each else known(multiply(words, one, two))
                total = words.subtract(total, product) if added < 0 else words.add(total, product)
            s.put(d, total)

        return step

    return meaning


def _high(added: int) -> Meaning:
    return two(lambda words, a, b: multiply_high(words, a, b, added))


def _add_high(added: int) -> Meaning:
    """SMMLA and SMMLAR: d := c and the upper word of the product of a and b."""

    def meaning(parts: list[str]) -> IntegerStep:
        d, a, b, c = parts

        def step(s: IntegerMachine, _: int) -> None:
            upper = known(multiply_high(s.terms, s.get(a), s.get(b), added))
            s.put(d, s.terms.add(s.get(c), upper))

        return step

    return meaning


def _long(adds: bool) -> Meaning:
    """SMLAL, and SMULL, which begins with nothing."""

    def meaning(parts: list[str]) -> IntegerStep:
        low, high, a, b = parts
        if low == high:
            raise RefusalError("has both halves of its sum in one register")

        def step(s: IntegerMachine, _: int) -> None:
            before = (s.get(low), s.get(high)) if adds else None
            one, two = add_product(s.terms, before, s.get(a), s.get(b)) or (None, None)
            s.put(low, known(one))
            s.put(high, known(two))

        return step

    return meaning


PRODUCTS: Mapping[str, Meaning] = MappingProxyType(
    {
        **{f"smla{halves}": _products(halves) for halves in ("bb", "bt", "tb", "tt")},
        **{f"smul{halves}": _products(halves, added=0) for halves in ("bb", "bt", "tb", "tt")},
        "mul": two(multiply),
        "mla": _products(""),
        "mls": _products("", added=-1),
        "smlad": _products("bb", "tt"),
        "smuad": _products("bb", "tt", added=0),
        "smmul": _high(0),
        "smmulr": _high(1 << 31),
        "smmla": _add_high(0),
        "smmlar": _add_high(1 << 31),
        "smlal": _long(adds=True),
        "smull": _long(adds=False),
    }
)
