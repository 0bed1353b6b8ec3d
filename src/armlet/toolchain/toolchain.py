"""Assembly and C to linked ELF images, by GNU binutils where they are on the PATH, otherwise by ziglang.

Both know the exact core, so that an instruction which it does not have is refused here; emulators are not that strict.
Each run gets a temporary folder of its own, the tool's caches included, and an environment without HOME.
"""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from armlet.errors import ToolchainError
from armlet.isa.core import Core
from armlet.toolchain.foreign import foreign_instructions
from armlet.toolchain.link_script import link_script

# Nothing is called that the text does not call; whether a * b + c contracts is left to the compiler's default.
_C_FLAGS = ("-std=c11", "-O3", "-g0", "-ffreestanding", "-fomit-frame-pointer", "-fno-unwind-tables")
_C_FLAGS = (*_C_FLAGS, "-fno-asynchronous-unwind-tables")


class Toolchain(Protocol):
    """An assembler, a C compiler and a linker for one family of cores."""

    def describe(self) -> str:
        """The tools and their version, as the manifest records them."""
        ...

    def assemble(self, source: str, core: Core) -> bytes:
        """The ELF object of assembly text. Raises `ToolchainError` with the tool's first complaint."""
        ...

    def compile_c(self, source: str, core: Core, seconds: float = 120) -> bytes:
        """The ELF object of C text at -O3. Raises `ToolchainError`, also when it takes longer than `seconds`."""
        ...

    def link(self, objects: Sequence[bytes], core: Core, entry: str, script: str = "") -> bytes:
        """The ELF image of `objects`, its relocations kept. Raises `ToolchainError`.

        Without a `script` for the linker, code and constants go to flash, variables to RAM.
        """
        ...


def find_toolchain() -> Toolchain:
    """GNU's where they are complete, else zig's, else GNU's without C. Raises `ToolchainError` with what to install."""
    found = toolchains()
    if found:
        return found[0]
    raise ToolchainError(
        "no assembler for ARM found; pip install 'armlet[verify]', or put arm-none-eabi-as on the PATH"
    )


def toolchains() -> "tuple[Toolchain, ...]":
    """All that are here, the one to be used first."""
    has = {tool: shutil.which(f"arm-none-eabi-{tool}") is not None for tool in ("as", "ld", "gcc")}
    gnu = (GnuToolchain(),) if has["as"] and has["ld"] else ()
    zig = tuple(ZigToolchain(program) for program in (_zig(),) if program)
    return (*gnu, *zig) if has["gcc"] else (*zig, *gnu)


@dataclass(frozen=True, slots=True)
class GnuToolchain:
    """GNU as, ld and gcc named arm-none-eabi-*."""

    prefix: str = "arm-none-eabi-"

    def describe(self) -> str:
        return _version((f"{self.prefix}as", "--version"))

    def assemble(self, source: str, core: Core) -> bytes:
        """By the documented command, which runs the preprocessor, where there is gcc."""
        has_gcc = shutil.which(f"{self.prefix}gcc") is not None
        tool = (f"{self.prefix}gcc", "-c") if has_gcc else (f"{self.prefix}as",)
        made = _make((*tool, *core.gnu_flags, "in.S", "-o", "out"), {"in.S": source})
        if strange := foreign_instructions(made, core):
            raise ToolchainError(f"{tool[0]}: error: {core.name} does not have {strange[0]}")  # GNU as lets some pass
        return made

    def compile_c(self, source: str, core: Core, seconds: float = 120) -> bytes:
        command = (f"{self.prefix}gcc", *core.gnu_flags, *_C_FLAGS, "-c", "in.c", "-o", "out")
        return _make(command, {"in.c": source}, seconds)

    def link(self, objects: Sequence[bytes], core: Core, entry: str, script: str = "") -> bytes:
        return _link((f"{self.prefix}ld",), objects, script or link_script(core), entry)


@dataclass(frozen=True, slots=True)
class ZigToolchain:
    """clang and lld out of the ziglang wheel: nothing to install by hand."""

    program: str

    def describe(self) -> str:
        return f"zig {_version((self.program, 'version'))} (clang, lld)"

    def assemble(self, source: str, core: Core) -> bytes:
        return _make((*self._clang(core), "-g0", "-c", "in.S", "-o", "out"), {"in.S": source})

    def compile_c(self, source: str, core: Core, seconds: float = 120) -> bytes:
        command = (*self._clang(core), *_C_FLAGS, "-fno-sanitize=all", "-c", "in.c", "-o", "out")
        return _make(command, {"in.c": source}, seconds)

    def link(self, objects: Sequence[bytes], core: Core, entry: str, script: str = "") -> bytes:
        return _link((self.program, "ld.lld"), objects, script or link_script(core), entry)

    def _clang(self, core: Core) -> tuple[str, ...]:
        return (self.program, "cc", "-target", core.clang_target, f"-mcpu={core.clang_cpu}")


def _zig() -> str | None:
    """The program inside the wheel; running it directly spares a Python start for every call."""
    found = importlib.util.find_spec("ziglang")
    if found is None or found.origin is None:
        return None
    program = Path(found.origin).parent / ("zig.exe" if os.name == "nt" else "zig")
    return str(program) if program.exists() else None


def _link(linker: tuple[str, ...], objects: Sequence[bytes], script: str, entry: str) -> bytes:
    files: dict[str, str | bytes] = {f"{i}.o": content for i, content in enumerate(objects)}
    files["script.ld"] = script
    named = [name for name in files if name.endswith(".o")]
    return _make((*linker, "--emit-relocs", "-T", "script.ld", "-e", entry, *named, "-o", "out"), files)


def _version(command: tuple[str, ...]) -> str:
    with tempfile.TemporaryDirectory(prefix="armlet-") as folder:
        return _call(command, Path(folder), 60).splitlines()[0].strip()


def _make(command: tuple[str, ...], files: Mapping[str, str | bytes], seconds: float = 120) -> bytes:
    """Run `command` in a folder that holds `files`; the bytes of the file `out` that it leaves."""
    with tempfile.TemporaryDirectory(prefix="armlet-") as folder:
        here = Path(folder)
        for name, content in files.items():
            (here / name).write_bytes(content.encode() if isinstance(content, str) else content)
        _call(command, here, seconds)
        return (here / "out").read_bytes()


def _call(command: tuple[str, ...], folder: Path, seconds: float) -> str:
    kept = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {
        "ZIG_GLOBAL_CACHE_DIR": str(folder / "zig"),
        "ZIG_LOCAL_CACHE_DIR": str(folder / "zig"),
        "LC_ALL": "C",
    }
    tool = Path(command[0]).name
    try:
        running = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # so that what the tool starts ends with it
        )
    except FileNotFoundError as missing:
        raise ToolchainError(f"{tool} is not installed") from missing
    try:
        said, complained = running.communicate(timeout=seconds)
    except BaseException as ended:
        _end(running)
        if isinstance(ended, subprocess.TimeoutExpired):
            raise ToolchainError(f"{tool} did not finish within {seconds:g} s") from ended
        raise
    if running.returncode:
        raise ToolchainError(f"{tool}: {_first_complaint(complained)}")
    return said


def _end(running: "subprocess.Popen[str]") -> None:
    """Stop a tool and all that it has started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
    else:
        running.kill()
    running.communicate()


def _first_complaint(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"\berror\b|Error:|undefined", line)]
    return (errors or lines or ["failed without a word"])[0]
