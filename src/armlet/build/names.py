"""The names under which a build's symbols and files go; every symbol starts with the build's own name."""

import re

from armlet.build.reserved_words import HEADER_PATTERNS, HEADERS, KEYWORDS
from armlet.errors import InputError

_HINT = "use another name, such as demo"
_DEVICES = re.compile(r"con|prn|aux|nul|clock\$|(com|lpt)\d", re.IGNORECASE)
_TAKEN = ("atomic", "cnd", "mtx", "pthread", "posix", "thrd", "tss")  # C and POSIX keep all that begins so, and _


def check_name(name: str) -> str:
    """`name` if it can start C and C++ identifiers and name files anywhere. Raises `InputError`."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", name):
        raise InputError(
            f"name {name[:80]!r}", "is not a C identifier", "use letters, digits and underscores, such as demo"
        )
    if problem := _problem(name):
        raise InputError(f"name {name!r}", problem, _HINT)
    return name


def _problem(name: str) -> str:
    """What a valid identifier clashes with, in words. File systems that fold case decide for headers and devices."""
    folded = name.lower()
    if name in KEYWORDS:
        return "is a word of C or C++"
    if folded == "main":
        return "is the program's own entry, whose file and object it would take"
    if folded in HEADERS or any(re.fullmatch(pattern, folded) for pattern in HEADER_PATTERNS):
        return f"is a header's that compilers and firmware use: {name}.h would hide it"
    if _DEVICES.fullmatch(name):
        return "is a device of Windows, where no file can be called so"
    if "__" in name or name.endswith("_"):
        return f"makes symbols such as {name}_run, and C++ keeps all with two underscores to itself"
    if name.startswith(tuple(f"{taken}_" for taken in _TAKEN)) or name in _TAKEN:
        return f"makes symbols such as {name}_run, and C and POSIX keep all that begin so to themselves"
    return ""


def guard(name: str) -> str:
    """The macro that keeps a header from being read twice. It keeps case: net and Net are two networks."""
    return f"ARMLET_{name}_H"


def macro(name: str, what: str) -> str:
    """A constant of the header, in the case of the name too."""
    return f"{name}_{what}"


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
