"""A build's name makes files and symbols that clash with nothing in C, C++, POSIX, CMSIS or Windows."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armlet.build import names
from armlet.build.names import check_name
from armlet.errors import InputError

CLASHES = {
    "is a word of C or C\\+\\+": "class int xor_eq co_await typeof_unqual thread_local import bool nullptr constinit",
    "own entry": "main Main MAIN",
    "is a header's": "math String time stdint Float errno stdckdint iso646 vector cmath expected unistd pthread Limits "
    "arm_math cmsis_gcc core_cm4 core_cm33 CORE_CM0plus mpu_armv7 sched alloca",
    "device of Windows": "con NUL Aux prn com1 COM9 lpt3",
    "two underscores": "a__b net_ a_b__c",
    "C and POSIX keep": "atomic_net thrd pthread_net posix",
    "is not a C identifier": "1net _net a-b ünet a.b",
}


@pytest.mark.parametrize(("says", "name"), [(says, name) for says, all_ in CLASHES.items() for name in all_.split()])
def test_a_name_that_clashes_is_refused_and_says_with_what(says: str, name: str):
    with pytest.raises(InputError, match=says) as caught:
        check_name(name)
    assert "such as demo" in str(caught.value)


@pytest.mark.parametrize("name", ["", "n" * 64, "a b", "../a", "a/b", "a\n"])
def test_what_is_no_identifier_is_refused(name: str):
    with pytest.raises(InputError, match="is not a C identifier"):
        check_name(name)


ORDINARY = ("net", "Net", "digits", "gesture", "mnist", "lenet", "island", "tomato", "Class", "Int", "std", "core")


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_name_is_taken(name: str):
    assert check_name(name) == name


IDENTIFIERS = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,5}", fullmatch=True)


@given(IDENTIFIERS, IDENTIFIERS)
def test_two_names_share_no_guard_macro_or_symbol(one: str, other: str):
    """So that any two networks fit one firmware."""
    made = [
        {make(name) for make in (names.guard, names.run_symbol, names.core_symbol, names.work_symbol)}
        | {names.block_symbol(name), names.constants_symbol(name)}
        | {names.macro(name, what) for what in ("INPUTS", "OUTPUTS", "BLOCK_WORDS", "WORK_WORDS")}
        for name in (one, other)
    ]
    assert len(made[0]) == 10
    assert one == other or not made[0] & made[1]


@pytest.mark.skipif(shutil.which("arm-none-eabi-g++") is None, reason="needs arm-none-eabi-g++")
def test_no_header_of_the_compiler_has_a_name_that_is_taken():
    """What stands in the include folders themselves, beside what only this compiler knows."""
    told = subprocess.run(
        ["arm-none-eabi-g++", "-xc++", "-E", "-v", "/dev/null"], capture_output=True, text=True
    ).stderr
    folders = [Path(line.strip()) for line in told.partition("search starts here:\n")[2].splitlines() if "/" in line]
    assert folders
    found = {path.stem.lower() for folder in folders if folder.is_dir() for path in folder.glob("*.h")}
    taken: list[str] = []
    for stem in sorted(found):
        try:
            check_name(stem)
        except InputError:
            continue
        taken.append(stem)
    assert {"math", "stdint", "arm_neon", "unistd"} <= found
    assert taken == []
