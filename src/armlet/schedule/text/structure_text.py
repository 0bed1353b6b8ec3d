"""Prints a structure as one line, and parses it back.

    structure 3 4*(6; inputs+4 pool-4) 1

A number is a block of so many rows. A loop is its trips, its body in brackets, and behind a semicolon the bytes by
which each base register moves in a trip. One block alone is not printed.
"""

import re

from armlet.graph.text_reader import NUMBER, TextReader
from armlet.schedule.structure import Block, Loop, Structure, rows_of, straight_line

_LINE = r"  structure (\S.*)"
_TOKEN = re.compile(rf"({NUMBER})\*\(|({NUMBER})|; ((?:[a-z_]+[+-]{NUMBER}(?: (?=[a-z]))?)+)|(\))|( )")


def structure_lines(structure: Structure, rows: int) -> list[str]:
    """The line of a structure of so many rows; none for one block."""
    return [] if structure == straight_line(rows) else [f"  structure {_shown(structure)}"]


def take_structure(reader: TextReader) -> Structure:
    """The structure in the next line of a text; empty, for one block, where none stands there. Raises `InputError`."""
    found = reader.take(_LINE)
    if found is None:
        return ()
    try:
        structure = _parsed(found[1])
    except ValueError:
        raise reader.wrong(f"is {found[1][:80]!r}, no structure", "write such as 3 4*(6; inputs+4 pool-4)") from None
    return structure


def check_rows(reader: TextReader, structure: Structure, rows: int) -> None:
    """Raise `InputError` unless a structure, where one was read, is of the rows of the text."""
    if structure and rows_of(structure) != rows:
        raise reader.wrong(f"ends {rows} rows, the structure has {rows_of(structure)}", "write as many")


def _shown(structure: Structure) -> str:
    parts: list[str] = []
    for part in structure:
        match part:
            case Block(rows):
                parts.append(str(rows))
            case Loop(trips, body, strides):
                moved = " ".join(f"{base}{stride:+d}" for base, stride in sorted(strides.items()))
                parts.append(f"{trips}*({_shown(body)}{'; ' if moved else ''}{moved})")
    return " ".join(parts)


def _parsed(text: str) -> Structure:
    """Raises `ValueError`."""
    open_: list[tuple[int, list[Block | Loop]]] = [(1, [])]
    strides: dict[str, int] = {}
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError(text)
        trips, rows, moved, closing, _ = token.groups()
        at = token.end()
        if trips:
            open_.append((int(trips), []))
        elif rows:
            open_[-1][1].append(Block(int(rows)))
        elif moved:
            strides = {base: int(by) for base, by in re.findall(rf"([a-z_]+)([+-]{NUMBER})", moved)}
        elif closing:
            count, body = open_.pop()
            if not open_:
                raise ValueError(text)
            open_[-1][1].append(Loop(count, tuple(body), strides))
            strides = {}
    if len(open_) != 1 or strides or _shown(tuple(open_[0][1])) != text:
        raise ValueError(text)
    return tuple(open_[0][1])
