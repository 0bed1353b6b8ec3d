"""Reads the text of a product line by line, and prints its numbers so that no bit is lost.

Every product of the compiler prints (`show_graph`, `show_order`, ...) and parses back (`parse_graph`, ...). Parsing
takes a text to the same arrays or refuses it with the line; whether these keep the rules of the product is the matter
of its checker.
"""

import re
from collections.abc import Iterator

from armlet.errors import InputError

NUMBER = r"[0-9]{1,9}"  # whole, and none that int32 does not hold
HEX = r"-?0x[01](?:\.[0-9a-f]{1,13})?p[+-][0-9]{1,4}"  # of a float, as `show_float` writes it


class TextReader:
    """The lines of a text, and the first that is not yet read."""

    def __init__(self, text: str, what: str) -> None:
        self._lines, self._what, self._at = text.split("\n"), what, 0

    def take(self, pattern: str) -> re.Match[str] | None:
        """The next line if it is of this pattern, which reads it."""
        found = re.fullmatch(pattern, self._lines[self._at]) if self._at < len(self._lines) else None
        self._at += found is not None
        return found

    def expect(self, pattern: str, wanted: str) -> re.Match[str]:
        """The next line. Raises `InputError` where it is not of this pattern: `wanted` is to be written instead."""
        found = self.take(pattern)
        if found is None:
            raise self._refused(self._at, wanted)
        return found

    def rest(self, pattern: str, wanted: str) -> Iterator[re.Match[str]]:
        """All lines that are left, each of this pattern, to the end of the text. Raises `InputError`."""
        while self._at < len(self._lines) - 1:
            yield self.expect(pattern, wanted)
        self.end(wanted)

    def end(self, wanted: str) -> None:
        """Raise `InputError` unless the text ends here, with a line feed."""
        if self._at != len(self._lines) - 1 or self._lines[self._at]:
            raise self._refused(self._at, f"{wanted}, or end the text with the line before")

    def confirm(self, printed: str) -> None:
        """Raise `InputError` at the first line that is written in another way than what was read is printed."""
        for at, (line, wanted) in enumerate(zip(self._lines, printed.split("\n"))):
            if line != wanted:
                raise self._refused(at, f"it as it is printed, {wanted.strip()[:80]!r}")

    def wrong(self, problem: str, hint: str) -> InputError:
        """An error in the line that was read last."""
        return InputError(f"{self._what}, line {self._at}", problem, hint)

    def _refused(self, at: int, wanted: str) -> InputError:
        there = f"is {self._lines[at].strip()[:80]!r}" if at < len(self._lines) else "is missing"
        return InputError(f"{self._what}, line {at + 1}", there, f"write {wanted}")


def read_float(text: str) -> float:
    """The number of a hex literal; infinite where it is beyond float64."""
    try:
        return float.fromhex(text)
    except OverflowError:
        return float("-inf") if text.startswith("-") else float("inf")


def show_float(value: float) -> str:
    """A C hex literal, without trailing zeros; inf and nan, which none is, as they are."""
    return re.sub(r"\.?0+p", "p", float(value).hex())
