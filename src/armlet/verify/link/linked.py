"""From the text of a build to its linked image: object and links are examined on the way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from armlet.build.integer.read_any import AnyBuild
from armlet.errors import ToolchainError
from armlet.simulate.link import link_object
from armlet.simulate.machine import MachineError
from armlet.toolchain.image import Image
from armlet.toolchain.toolchain import Toolchain
from armlet.verify.findings import Findings
from armlet.verify.link.apart import Placement, misplaced, placements, script_of
from armlet.verify.link.object import Piece, kinds_of, read_object

_SECTIONS = (".text", ".rodata", ".bss")
_PLACEMENTS = 3  # links with every piece apart from the others


@dataclass(frozen=True, slots=True)
class DeclaredMemory:
    """Bytes of a program as its manifest has them."""

    code: int
    constants: int
    variables: Mapping[str, int]  # by symbol

    @property
    def figures(self) -> Mapping[str, int]:
        """All of them by name."""
        whole = {"code": self.code, "constants": self.constants, "flash": self.code + self.constants}
        return {**whole, **self.variables, "RAM without stack": sum(self.variables.values())}


def check_links(
    build: AnyBuild,
    tools: Toolchain,
    described: str,
    declared: DeclaredMemory,
    fails: Callable[[Image], str],
    found: Findings,
) -> tuple[Image, tuple[Piece, ...]] | None:
    """The image and its pieces, or None where there are none. `fails` says what a run of an image does wrong."""
    core = build.target.core
    claim = f"assembles for {core.name}"
    try:
        made = tools.assemble(build.assembly, core)
    except ToolchainError as refused:
        found.add(claim, str(refused))
        return None
    found.add(claim, "", f"and links: {described}")
    claim = "the object holds the program's own pieces, and nothing else"
    try:
        kinds = kinds_of(build.name, declared.constants > 0, declared.variables)
        pieces = read_object(made, core.instruction_set, kinds)
        image = link_object(build, tools, made)
    except ToolchainError as refused:
        found.add(claim, str(refused))
        return None
    at = Placement({piece.symbol: image.symbols.get(piece.symbol, -1) for piece in pieces})
    relocations = sum(len(piece.relocations) for piece in pieces)
    problem = misplaced(pieces, image, at, core.instruction_set)
    found.add(claim, problem, f"{len(pieces)} sections, {relocations} relocations among them")
    _check_sizes(declared, image, pieces, found)
    _check_apart(build, tools, made, pieces, fails, found)
    return image, pieces


def _check_sizes(declared: DeclaredMemory, image: Image, pieces: tuple[Piece, ...], found: Findings) -> None:
    linked = {piece.symbol: piece.size for piece in pieces if not piece.content}
    code = image.code_bytes + (-image.code_bytes) % 4  # some tools leave the last word unfilled
    flash = image.flash_bytes + code - image.code_bytes
    linked |= {"code": code, "constants": image.constant_bytes, "flash": flash, "RAM without stack": image.ram_bytes}
    wrong = [
        f"{what} is declared {size}, linked {linked.get(what)}"
        for what, size in declared.figures.items()
        if linked.get(what) != size
    ]
    if strange := [section.name for section in image.sections if section.name not in _SECTIONS]:
        wrong = [f"has a section {strange[0]}"]
    found.add("takes the memory that the manifest declares", "; ".join(wrong), f"{flash} bytes of flash")


def _check_apart(
    build: AnyBuild,
    tools: Toolchain,
    made: bytes,
    pieces: tuple[Piece, ...],
    fails: Callable[[Image], str],
    found: Findings,
) -> None:
    """Firmware is linked by others: no piece may depend on what lies beside it, or on more alignment than it asks."""
    problem, core = "", build.target.core
    for number, placement in enumerate(placements(pieces, core, _PLACEMENTS, len(made))):
        try:
            image = link_object(build, tools, made, script_of(pieces, placement))
            problem = misplaced(pieces, image, placement, core.instruction_set)
            if not problem and (wrong := fails(image)):
                problem = f"{wrong} in placement {number}"
        except (ToolchainError, MachineError) as refused:
            problem = str(refused)
        if problem:
            break
    detail = f"{_PLACEMENTS} shuffled links, each section apart, aligned to 4 bytes and no more"
    found.add("every section may lie anywhere: the linker fills in its relocations, no more", problem, detail)
