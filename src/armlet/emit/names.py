"""The names under which a build's symbols and files go; every symbol starts with the build's own name."""

import re

from armlet.errors import InputError

_RESERVED = frozenset(
    [
        "auto",
        "break",
        "case",
        "char",
        "const",
        "continue",
        "default",
        "do",
        "double",
        "else",
        "enum",
        "extern",
        "float",
        "for",
        "goto",
        "if",
        "inline",
        "int",
        "long",
        "register",
        "restrict",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "struct",
        "switch",
        "typedef",
        "union",
        "unsigned",
        "void",
        "volatile",
        "while",
    ]
)


def check_name(name: str) -> str:
    """`name` if it can start C identifiers and file names. Raises `InputError`."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", name) or name in _RESERVED:
        raise InputError(
            f"name {name[:80]!r}", "is not a C identifier", "use letters, digits and underscores, such as demo"
        )
    return name


def core_symbol(name: str) -> str:
    """The entry that the drivers serve."""
    return f"{name}_core"


def run_symbol(name: str) -> str:
    """The entry for C arrays."""
    return f"{name}_run"


def constants_symbol(name: str) -> str:
    """The pool of biases and weights."""
    return f"{name}_constants"


def work_symbol(name: str) -> str:
    """The work block."""
    return f"{name}_work"


def block_symbol(name: str) -> str:
    """The input block of `run_symbol`."""
    return f"{name}_block"
