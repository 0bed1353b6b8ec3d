"""From the text of a build to its linked image: text, object and links are examined on the way."""

from armlet.build import names
from armlet.build.read import Build
from armlet.errors import ToolchainError
from armlet.network.frozen import F32
from armlet.simulate.link import link_object
from armlet.simulate.machine import MachineError
from armlet.simulate.runner import Runner
from armlet.toolchain.image import Image
from armlet.toolchain.toolchain import Toolchain
from armlet.verify.files import outside, rewritten
from armlet.verify.findings import Findings
from armlet.verify.link.apart import Placement, misplaced, placements, script_of
from armlet.verify.link.object import Piece, read_object
from armlet.verify.link.text import Sizes, strange_text

_SECTIONS = (".text", ".rodata", ".bss")
_PLACEMENTS = 3  # links with every piece apart from the others


def check_text(build: Build, found: Findings) -> bool:
    """Whether NAME.S is what armlet writes: no other text is given to the tools."""
    memory = build.manifest.memory
    sizes = Sizes(memory.constants // build.word, memory.work, memory.block)
    problem = strange_text(build.assembly, build.name, build.target, sizes, build.order.graph)
    detail = "every line is one that armlet writes, so the preprocessor has nothing to do"
    return found.add(f"{build.name}.S is the same program to every assembler", problem, detail)


def check_links(
    build: Build, tools: Toolchain, described: str, x: F32, expected: F32, found: Findings
) -> tuple[Image, tuple[Piece, ...]] | None:
    """The image and its pieces, or None where there are none. `x` is run in each placement, and gives `expected`."""
    core, memory, isa = build.target.core, build.manifest.memory, build.target.core.instruction_set
    claim = f"assembles for {core.name}"
    try:
        made = tools.assemble(build.assembly, core)
    except ToolchainError as refused:
        found.add(claim, str(refused))
        return None
    found.add(claim, "", f"and links: {described}")
    claim = "the object holds the program's own pieces, and nothing else"
    try:
        pieces = read_object(made, isa, build.name, memory.constants > 0, memory.block > 0)
        image = link_object(build, tools, made)
    except ToolchainError as refused:
        found.add(claim, str(refused))
        return None
    at = Placement({piece.symbol: image.symbols.get(piece.symbol, -1) for piece in pieces})
    relocations = sum(len(piece.relocations) for piece in pieces)
    found.add(claim, misplaced(pieces, image, at, isa), f"{len(pieces)} sections, {relocations} relocations among them")
    _check_sizes(build, image, pieces, found)
    _check_apart(build, tools, made, pieces, x, expected, found)
    return image, pieces


def block_words(build: Build, pieces: tuple[Piece, ...]) -> tuple[int, int]:
    """Words of the work block and of the input block that NAME_run has, 0 where it has none."""
    sizes = {piece.symbol: piece.size // build.word for piece in pieces}
    return sizes[names.work_symbol(build.name)], sizes.get(names.block_symbol(build.name), 0)


def check_interface(build: Build, pieces: tuple[Piece, ...], found: Findings) -> None:
    """What others read in place of the program is what the program shows."""
    words = block_words(build, pieces)
    found.add("the drivers place every value inside its block", outside(build, *words), "one place each")
    detail = "header, drivers, schemas, order, network and manifest, to the byte"
    found.add("the files beside the program are what armlet writes for it", rewritten(build, *words), detail)


def _check_sizes(build: Build, image: Image, pieces: tuple[Piece, ...], found: Findings) -> None:
    memory = build.manifest.memory
    work, block = (build.word * words for words in block_words(build, pieces))
    declared = (memory.code, memory.constants, memory.work, memory.block, memory.flash, memory.ram - memory.stack)
    linked = (image.code_bytes, image.constant_bytes, work, block, image.flash_bytes, image.ram_bytes)
    what = "code, constants, work, block, flash, RAM without stack"
    problem = "" if declared == linked else f"declared {declared}, linked {linked} ({what})"
    if strange := [section.name for section in image.sections if section.name not in _SECTIONS]:
        problem = f"has a section {strange[0]}"
    found.add("takes the memory that the manifest declares", problem, f"{image.flash_bytes} bytes of flash")


def _check_apart(
    build: Build,
    tools: Toolchain,
    made: bytes,
    pieces: tuple[Piece, ...],
    x: F32,
    expected: F32,
    found: Findings,
) -> None:
    """Firmware is linked by others: no piece may depend on what lies beside it, or on more alignment than it asks."""
    problem = ""
    for number, placement in enumerate(placements(pieces, build.target.core, _PLACEMENTS, len(made))):
        try:
            image = link_object(build, tools, made, script_of(pieces, placement))
            problem = problem or misplaced(pieces, image, placement, build.target.core.instruction_set)
            if problem:
                break
            for entry, call in Runner(build, image).entries.items():
                if call(x).tobytes() != expected.tobytes():
                    problem = f"{entry} gives other outputs in placement {number}"
        except (ToolchainError, MachineError) as refused:
            problem = problem or str(refused)
    detail = f"{_PLACEMENTS} shuffled links, each section apart, aligned to 4 bytes and no more"
    found.add("every section may lie anywhere: the linker fills in its relocations, no more", problem, detail)
