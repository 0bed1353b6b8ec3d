"""The forgeries of one build: what each is called, and how it is made. test_forgeries.py sees that each is refused."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from generators.forgery import Forgery, shown

Forge = Callable[[Forgery], None]
_CORE, _RUN = "net_core:\n", "net_run:\n"
_WORK = '.section .bss.net_work, "aw", %nobits'


def _after(label: str, lines: str) -> Forge:
    return lambda f: f.swap(label, f"{label}{lines}\n")


def _append(lines: str) -> Forge:
    return lambda f: f.text(lambda text: text + lines + "\n")


def _top(lines: str) -> Forge:
    return lambda f: f.text(lambda text: lines + "\n" + text)


def _swap(old: str, new: str, count: int = 1) -> Forge:
    return lambda f: f.swap(old, new, count=count)


def _define(f: Forgery) -> None:
    """Two float registers that the text has are one to the preprocessor."""
    f.text(lambda text: "#define s1 s0\n" + text)


def _word(change: Callable[[int], int]) -> Forge:
    def forge(f: Forgery) -> None:
        text = f.files["net.S"].decode()
        old = text[(at := text.index(".word ") + 6) : at + 10]
        f.swap(f".word {old}", f".word {change(int(old, 16)) & 0xFFFF_FFFF:#010x}")

    return forge


def _constant(new: str) -> Forge:
    """The first constant is another expression."""

    def forge(f: Forgery) -> None:
        text = f.files["net.S"].decode()
        at = text.index(".word ") + 6
        f.text(lambda whole: whole[:at] + new + whole[at + 10 :])

    return forge


def _lines(change: Callable[[list[str]], list[str]]) -> Forge:
    return lambda f: f.text(lambda text: "\n".join(change(text.split("\n"))))


def _exchange(first: str, second: str) -> Forge:
    """The first two lines of these kinds change places."""

    def change(lines: list[str]) -> list[str]:
        a = next(k for k, line in enumerate(lines) if line.startswith(f"  {first}"))
        b = next(k for k, line in enumerate(lines) if k > a and line.startswith(f"  {second}") and line != lines[a])
        lines[a], lines[b] = lines[b], lines[a]
        return lines

    return _lines(change)


def _comment(change: Callable[[str, str], tuple[str, str]]) -> Forge:
    """The comments of the first two lines that have one."""

    def lines(all_: list[str]) -> list[str]:
        a, b = [k for k, line in enumerate(all_) if "+=" in line][:2]
        cut = all_[a].index("@"), all_[b].index("@")
        one, two = change(all_[a][cut[0] :], all_[b][cut[1] :])
        all_[a], all_[b] = all_[a][: cut[0]] + one, all_[b][: cut[1]] + two
        return all_

    return _lines(lines)


TEXT: dict[str, Forge] = {
    "a #define": _define,
    "an #include": _top('#include "evil.h"'),
    "an #if 0 around a line": _after(_CORE, "#if 0\n  nop\n#endif"),
    "a # comment": _top("# plain"),
    "a #pragma": _top("#pragma GCC poison r0"),
    "an .include": _top('.include "/dev/null"'),
    "an .incbin": _append('.section .rodata.net_constants\n  .incbin "/dev/null"'),
    "a .macro": _top(".macro vadd.f32 a, b, c\n  vsub.f32 \\a, \\b, \\c\n.endm"),
    "an empty .macro": _top(".macro nothing\n.endm"),
    "an .altmacro": _top(".altmacro"),
    "a .rept": _after(_CORE, ".rept 2\n  nop\n.endr"),
    "a .set": _top(".set s40, 3"),
    "an .equ": _top(".equ zero, 0"),
    "a .req": _top("value .req r4"),
    "an immediate that assemblers fold in ways of their own": _after(_CORE, "  add.w r1, r1, #-8589934592"),
    "an offset beyond its field": _after(_CORE, "  adds.n r4, #256"),
    "an .if": _after(_CORE, ".if 0\n  nop\n.endif"),
    "two instructions in a line": _swap("  bx lr", "  nop; bx lr"),
    "a C comment": _top("/* nothing */"),
    "a C comment over an instruction": _after(_CORE, "/*\n  nop\n*/"),
    "a // comment": _top("// nothing"),
    "a trigraph": _after("nothing is allocated.", " ??/"),
    "a line that goes on": _after("nothing is allocated.", " \\"),
    "a weak entry": _swap("  .global net_core", "  .weak net_core"),
    "an entry that is weak besides": _after(_CORE, ".weak net_core"),
    "a hidden entry": _after(_RUN, ".hidden net_run"),
    "an internal entry": _after(_RUN, ".internal net_core"),
    "a local entry": _swap("  .global net_core\n", ""),
    "a constant pool seen from outside": _after("net_constants:\n", "  .global net_constants"),
    "a foreign handler": _append(
        '.section .text.SysTick_Handler, "ax", %progbits\n  .global SysTick_Handler\nSysTick_Handler:\n  bx lr'
    ),
    "a foreign symbol on the entry": _after(_CORE, "  .global SysTick_Handler\nSysTick_Handler:"),
    "another name of the entry": _append(".global memcpy\n.set memcpy, net_core"),
    "another name by .thumb_set": _append(".global memset\n.thumb_set memset, net_core"),
    "a local label": _after(_CORE, "helper:"),
    "an undefined symbol": _append(".global elsewhere"),
    "a weak undefined symbol": _append(".weak elsewhere"),
    "a constant that others define": _constant("elsewhere + 0x3f000000"),
    "a constant that others may define": lambda f: (
        _constant("elsewhere + 0x3f000000")(f),
        _append(".weak elsewhere")(f),
    )[1],
    "a constant that is an address": _constant("net_work"),
    "a constant that is a sum": _constant("0x00000001 + 1"),
    "a common symbol": _append(".comm net_more, 64, 4"),
    "a local common symbol": _append(".lcomm net_more, 64"),
    "a constructor": _append('.section .init_array, "aw", %init_array\n  .p2align 2\n  .word net_run'),
    "a destructor": _append('.section .fini_array, "aw", %fini_array\n  .p2align 2\n  .word net_run'),
    "an old constructor": _append('.section .ctors, "aw", %progbits\n  .word net_run'),
    "an .init piece": _append('.section .init, "ax", %progbits\n  nop'),
    "unwind tables": lambda f: (
        f.swap(_CORE, f"{_CORE}.fnstart\n"),
        f.swap("  .size net_core", ".fnend\n  .size net_core"),
    )[1],
    "a vector table": _append('.section .isr_vector, "a", %progbits\n  .word net_run'),
    "a section of data": _append('.section .data.net_state, "aw", %progbits\n  .word 1'),
    "a section that is kept": _swap('.text.net_core, "ax"', '.text.net_core, "axR"'),
    "code that may be written": _swap('.text.net_core, "ax"', '.text.net_core, "axw"'),
    "constants that may be written": _swap('.rodata.net_constants, "a"', '.rodata.net_constants, "aw"'),
    "constants that may be merged": _swap('net_constants, "a", %progbits', 'net_constants, "aM", %progbits, 4'),
    "constants that may be run": _swap('net_constants, "a", %progbits', 'net_constants, "ax", %progbits'),
    "constants that a linker may drop": _swap('net_constants, "a", %progbits', 'net_constants, "", %progbits'),
    "variables that take flash": _swap(_WORK, '.section .bss.net_work, "aw", %progbits'),
    "variables of a thread": _swap(_WORK, '.section .bss.net_work, "awT", %nobits'),
    "variables that are not cleared": _swap(_WORK, '.section .noinit.net_work, "aw", %nobits'),
    "a group": _swap('net_core, "ax", %progbits', 'net_core, "axG", %progbits, some, comdat'),
    "link once": _swap(".section .text.net_run,", ".section .gnu.linkonce.t.net_run,"),
    "both entries in one section": _swap('.section .text.net_run, "ax", %progbits\n', ""),
    "another order of the sections": lambda f: f.text(_variables_first),
    "a stack that runs code": _append('.section .note.GNU-stack, "x", %progbits'),
    "a warning section": _append('.section .gnu.warning, "", %progbits\n  .ascii "no"'),
    "a comment section": _append('.ident "gcc"'),
    "debugging lines": _append('.file 1 "a.c"\n.loc 1 1'),
    "a symbol version": _append(".symver net_run, net_run@V1"),
    "an indirect function": _swap(".type net_run, %function", ".type net_run, %gnu_indirect_function"),
    "an object for a function": _swap(".type net_run, %function", ".type net_run, %object"),
    "a size that lies": _swap("  .size net_core, . - net_core", "  .size net_core, 4"),
    "a size of the work block that lies": _swap("  .size net_work, . - net_work", "  .size net_work, 400"),
    "aligned to more": _swap("  .p2align 2\n  .global net_core", "  .p2align 5\n  .global net_core"),
    "constants aligned to more": _swap("  .p2align 2\n  .type net_constants", "  .p2align 3\n  .type net_constants"),
    "constants aligned to less": _swap("  .p2align 2\n  .type net_constants", "  .p2align 1\n  .type net_constants"),
    "variables aligned to less": _swap("  .p2align 2\n  .global net_work", "  .global net_work"),
    "code aligned to less": _swap("  .p2align 2\n  .global net_run", "  .p2align 1\n  .global net_run"),
    "a balanced alignment": _append(".balign 4"),
    "a smaller work block": _swap("  .space ", "  .space 4 @"),
    "another core": _top(".cpu cortex-m7"),
    "another unit": _swap(".fpu fpv4-sp-d16", ".fpu fpv5-d16"),
    "no unit named": _swap(".fpu fpv4-sp-d16\n", ""),
    "another syntax": _append(".syntax divided"),
    "code for another state": _append(".arm"),
    "an attribute": _append(".eabi_attribute 28, 0"),
    "an object's architecture": _append(".object_arch armv4t"),
    "a raw instruction": _after(_CORE, "  .inst.n 0xbf00"),
    "a raw relocation": _append(".reloc 0, R_ARM_NONE, net_run"),
    "an .org": _append(".org 64"),
    "a .space in code": _after(_RUN, "  .space 0"),
    "a literal": _after(_CORE, "  ldr r3, =0x3f800000"),
    "a NOP": _after(_CORE, "  nop"),
    "a wide NOP": _after(_RUN, "  nop.w"),
    "an instruction twice": _lines(lambda lines: [x for line in lines for x in [line] * (1 + ("vadd" in line))]),
    "an addition left out": _lines(
        lambda lines: [line for k, line in enumerate(lines) if k != next(i for i, x in enumerate(lines) if "vadd" in x)]
    ),
    "an addition turned round": _swap("vadd.f32", "vsub.f32"),
    "a fused step": _swap("vmul.f32", "vfma.f32"),
    "sums in another order": _exchange("vadd.f32", "vadd.f32"),
    "loads exchanged": _exchange("vldr", "vldr"),
    "ReLU the other way": _swap("bic.w", "and.w"),
    "ReLU by another shift": _swap(", asr #31", ", lsr #31"),
    "a constant of the other sign": _word(lambda w: w ^ 0x8000_0000),
    "a constant one rounding away": _word(lambda w: w + 1),
    "a constant halved": _word(lambda w: w - (1 << 23)),
    "an address by number": _swap("#:lower16:net_constants", "#792"),
    "an address and more": _swap("#:lower16:net_constants", "#:lower16:net_constants + 4"),
    "the address of another block": _swap("#:lower16:net_work", "#:lower16:net_block"),
    "an address masked": _swap(
        "  movt r12, #:upper16:net_work", "  movt r12, #:upper16:net_work\n  bic.w r12, r12, r12, asr #31"
    ),
    "a sign taken from an address": _swap(
        "  movt r12, #:upper16:net_work", "  movt r12, #:upper16:net_work\n  bic.w r12, r12, #0x80000000"
    ),
    "no return": _lines(lambda lines: [line for line in lines if line != "  bx lr"]),
    "a call by distance": _swap("  bl net_core", "  bl . - 600"),
    "a jump in place of the call": _swap("  bl net_core", "  b.w net_core"),
    "a call of itself": _swap("  bl net_core", "  bl net_run"),
    "a preserved register": _after(_CORE, "  mov r9, r0"),
    "fewer floats saved": _swap("vpush {s16-s31}", "vpush {s16-s30}"),
    "the stack off by a word": _swap("  bl net_core", "  sub sp, #4\n  bl net_core\n  add sp, #4"),
    "a write below the stack": _after(_CORE, "  str r0, [sp, #-8]"),
    "another offset of an output": _swap("[r12, #0]", "[r12, #4]"),
    "beyond the work block": _swap("[r12, #0]", "[r12, #400]"),
    "tabs": _swap("  bx lr", "\tbx lr"),
    "lines that end otherwise": _lines(lambda lines: [line + "\r" for line in lines]),
    "no last line": lambda f: f.text(lambda text: text.rstrip("\n")),
    "an empty line more": _append(""),
    "a zero byte": _append("\0"),
    "a byte order mark": lambda f: f.text(lambda text: "\xef\xbb\xbf" + text),
    "a form feed": _swap("\n\n", "\n\f\n"),
    "a space at the end": _swap("  bx lr", "  bx lr "),
    "another spelling of a register": _swap("r12, #:lower16:net_work", "ip, #:lower16:net_work"),
    "another spelling of a number": _swap("#0]", "#0x0]"),
    "capitals": _swap("  bx lr", "  BX lr"),
    "another title": _swap("Cortex-M4", "Cortex-M0"),
    "another version": _swap("by armlet ", "by armlet 9"),
    "another claim": _swap("No branch depends on data", "Certified for SIL 4"),
    "another number of constants": lambda f: f.text(
        lambda text: text.replace(" biases and weights", "0 biases and weights")
    ),
    "a comment of its own": _swap("  bx lr", "  bx lr                                   @ done"),
    "a comment that names another weight": _comment(lambda a, b: (a.replace("+=", "+= 1"), b)),
    "a comment twice": _comment(lambda a, b: (b, b)),
}


def _variables_first(text: str) -> str:
    """The work block before everything else; the program is the same, and its memory lies otherwise."""
    at = text.index(_WORK)
    first = text.index("@ void net_core")
    return text[:first] + text[at:] + text[first:at]


def _header(old: str, new: str) -> Forge:
    return lambda f: f.swap(old, new, "net.h")


HEADER: dict[str, Forge] = {
    "a net_run that gives zeros": lambda f: f.swap(
        "void net_run(const float *input, float *output);",
        "static inline void net_run(const float *input, float *output) { output[0] = 0; }",
        "net.h",
    ),
    "another number of inputs": lambda f: f.text(lambda text: text.replace("_INPUTS 5", "_INPUTS 6"), "net.h"),
    "another number of outputs": lambda f: f.text(lambda text: text.replace("_OUTPUTS 3", "_OUTPUTS 4"), "net.h"),
    "words of another block": lambda f: f.text(lambda text: text.replace("_BLOCK_WORDS 3", "_BLOCK_WORDS 2"), "net.h"),
    "fewer words of work": lambda f: f.text(lambda text: text.replace("_WORK_WORDS 5", "_WORK_WORDS 1"), "net.h"),
    "a macro for the entry": lambda f: f.text(lambda text: text + "#define net_run(a, b) (void)0\n", "net.h"),
    "an empty header": lambda f: f.text(lambda text: "", "net.h"),
    "an array of integers": _header("extern float net_work", "extern int net_work"),
    "arguments exchanged": _header("const float *input, float *output", "float *output, const float *input"),
    "a promise in a comment": _header("Generated code,", "Certified code,"),
    "a space": _header("void net_core", "void  net_core"),
}


def _driver(direction: str, change: Callable[[Any], object]) -> Forge:
    return lambda f: f.json(change, f"net_{direction}_driver.json")


def _value(direction: str, index: int, **fields: object) -> Forge:
    return _driver(direction, lambda d: d["values"][index].update(fields))


def _key_twice(f: Forgery) -> None:
    f.text(lambda text: text.replace('"dtype"', '"base": "r1",\n "dtype"'), "net_input_driver.json")


def _exchanged_offsets(driver: Any) -> None:
    used = [value for value in driver["values"] if value["place"] == "memory"]
    used[0]["offset"], used[1]["offset"] = used[1]["offset"], used[0]["offset"]


_MEMORY: dict[str, Any] = {"place": "memory", "offset": 0}


def _to_memory(value: Any) -> None:
    value.pop("register")
    value.update(place="memory", offset=4 * value["index"])


def _exchanged_registers(driver: Any) -> None:
    one, two, *_ = driver["values"]
    one["register"], two["register"] = two["register"], one["register"]


def _register(name: str) -> Forge:
    """The first output in another register."""
    return _driver("output", lambda v: v["values"][0].update(register=name))


def _exchanged_files(f: Forgery) -> None:
    one, two = "net_input_driver.json", "net_output_driver.json"
    f.files[one], f.files[two] = f.files[two], f.files[one]


DRIVERS: dict[str, Forge] = {
    **{
        f"{d} driver of base {b}": _driver(d, lambda v, b=b: v.update(base=b))
        for d in ("input", "output")
        for b in ("r1", "net_block")
    },
    **{f"{d} driver of int8": _driver(d, lambda v: v.update(dtype="int8")) for d in ("input", "output")},
    **{f"{d} driver of another build": _driver(d, lambda v: v.update(name="other")) for d in ("input", "output")},
    **{f"{d} driver of format 9": _driver(d, lambda v: v.update(format=9)) for d in ("input", "output")},
    **{
        f"{d} offset {o}": _value(d, 0, offset=o)
        for d in ("input", "output")
        for o in (2**36, 2**63, 2**100, -4, 2, 64)
    },
    "inputs exchanged": _driver("input", _exchanged_offsets),
    "outputs exchanged": _driver("output", _exchanged_registers),
    **{f"an output in {r or 'no register'}": _register(r) for r in ("s1", "s3", "s15", "s16", "r0", "S0", "d0", "")},
    "an output in memory": _driver("output", lambda v: v["values"].__setitem__(0, {**_MEMORY, "index": 0})),
    "all outputs in memory": _driver("output", lambda v: [_to_memory(value) for value in v["values"]]),
    "an output in both": _value("output", 0, offset=0),
    "an output nowhere": _driver("output", lambda v: v["values"][0].pop("register")),
    "an input that is unused": _driver("input", lambda v: v["values"].__setitem__(0, {"index": 0, "place": "unused"})),
    "an unused input with a place": _value("input", 2, offset=64),
    "an unused input in a block": _value("input", 4, place="memory", offset=12),
    "an input that is not there": _driver("input", lambda v: v["values"].pop()),
    "an input more": _driver("input", lambda v: v["values"].append({"index": 5, "place": "unused"})),
    "inputs in another order": _driver("input", lambda v: v["values"].reverse()),
    "a key twice": _key_twice,
    "a register besides": _value("input", 0, register="r4"),
    "another layout of the text": lambda f: f.text(lambda text: text.replace("\n ", "\n  "), "net_output_driver.json"),
    "drivers exchanged": _exchanged_files,
}


def _order(**changes: Callable[[Any], Any]) -> Forge:
    return lambda f: f.order(**changes)


def _at(index: int, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def forge(array: Any) -> Any:
        array[index] = change(array[index])
        return array

    return forge


def _turned(array: Any) -> Any:
    return array[::-1]


def _extra_array(f: Forgery) -> None:
    from armlet.formats.arrays import read_npz, write_npz

    (f.scratch / "e.npz").write_bytes(f.files["net_order.npz"])
    f.files["net_order.npz"] = write_npz({**read_npz(f.scratch / "e.npz"), "weights": np.zeros(3, np.float32)})


ORDER: dict[str, Forge] = {
    "a weight one rounding away": _order(weight=_at(0, lambda w: np.nextafter(w, np.float32(9)))),
    "a weight of the other sign": _order(weight=_at(-1, lambda w: -w)),
    "a bias one rounding away": _order(bias=_at(-1, lambda b: np.nextafter(b, np.float32(9)))),
    "another slope": _order(slope=lambda s: np.where(s > 0, np.float32(0.31), s)),
    "another activation": _order(activation=lambda a: np.where(a == 2, 0, a), slope=lambda s: 0 * s),
    "another layer": _order(layer=_at(-1, lambda k: k - 1)),
    "another neuron": _order(unit=_at(-1, lambda u: 0)),
    "outputs turned": _order(outputs=_turned),
    "another input": _order(used=_at(-1, lambda i: i + 1)),
    "a subnormal scale": _order(scale=lambda s: np.where(s != 1, 2.0**-147, s)),
    "a scale beyond": _order(scale=lambda s: np.where(s != 1, 2.0**25, s)),
    "no scale": _order(scale=lambda s: np.ones_like(s)),
    "a scale of an output": _order(scale=_at(-1, lambda s: 2.0)),
    "a scale of an input": _order(scale=_at(0, lambda s: 2.0)),
    "another twin": _order(twins=lambda t: t + np.array([0, 1, 0])),
    "another scale of a twin": _order(twin_scale=lambda t: 2 * t),
    "no twin": _order(twins=lambda t: t[:0], twin_scale=lambda t: t[:0]),
    "a connection less": _order(source=lambda a: a[:-1], target=lambda a: a[:-1], weight=lambda a: a[:-1]),
    "connections in another order": _order(source=_turned, target=_turned, weight=_turned),
    "an array more": _extra_array,
    "bytes behind": lambda f: f.files.update({"net_order.npz": f.files["net_order.npz"] + b"\0"}),
}


def _swap_bytes(name: str, change: Callable[[bytes], bytes]) -> Forge:
    def forge(f: Forgery) -> None:
        before = f.files[name]
        f.files[name] = change(before)
        assert f.files[name] != before

    return forge


def _listed(name: str, content: bytes) -> Forge:
    """A file more, in the list too."""

    def forge(f: Forgery) -> None:
        f.files[name] = content
        f.json(lambda m: m["files"].__setitem__(name, "0"))

    return forge


NETWORK: dict[str, Forge] = {
    "a weight of the network": _swap_bytes("W_0.npy", lambda data: data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]),
    "a bias of the network": _swap_bytes("b_2.npy", lambda data: data[:-2] + bytes([data[-2] ^ 1]) + data[-1:]),
    "bytes behind an array": _swap_bytes("W_1.npy", lambda data: data + b"\0\0\0\0"),
    "a header of an array": _swap_bytes("W_1.npy", lambda data: data.replace(b" \n", b"\t\n", 1)),
    "another interval": lambda f: f.text(lambda text: text.replace("low = -1.0", "low = -0.5"), "network.toml"),
    "a wider interval": lambda f: f.text(lambda text: text.replace("high = 1.0", "high = 2.0"), "network.toml"),
    "another activation": lambda f: f.text(lambda text: text.replace('"relu"', '"linear"'), "network.toml"),
    "another slope": lambda f: f.text(lambda text: text.replace("slope = 0.3", "slope = 0.2"), "network.toml"),
    "a normalisation": lambda f: f.text(lambda text: text.replace("std = 1.0", "std = 2.0"), "network.toml"),
    "a comment in the network": lambda f: f.text(lambda text: "# audited\n" + text, "network.toml"),
    "an array that nobody reads": _listed("W_9.npy", b"\x93NUMPY"),
}


def _manifest(change: Callable[[Any], object]) -> Forge:
    return lambda f: f.json(change)


def told(*path: str | int, to: object) -> Forge:
    """The manifest says `to` at a place."""

    def change(manifest: Any) -> None:
        for step in path[:-1]:
            manifest = manifest[step]
        manifest[path[-1]] = to

    return _manifest(change)


FILES: dict[str, Forge] = {
    "no files": told("files", to={}),
    "a file that is not listed": lambda f: f.files.update({"net.o": b"\x7fELF"}),
    "a hidden file": lambda f: f.files.update({".net": b""}),
    "a listed file more": _listed("README.txt", b"verified"),
    "a second program": _listed("other.S", b""),
    "a file less": lambda f: (f.files.pop("net.h"), f.json(lambda m: m["files"].pop("net.h")))[1],
    "a schema less": lambda f: (
        f.files.pop("driver.schema.json"),
        f.json(lambda m: m["files"].pop("driver.schema.json")),
    )[1],
    "a file that is listed and not there": _manifest(lambda m: m["files"].__setitem__("net.bin", "0" * 64)),
    "a header that is not listed": _manifest(lambda m: m["files"].pop("net.h")),
    "a file beyond the folder": _manifest(lambda m: m["files"].__setitem__("../net/net.h", "0" * 64)),
    "the manifest itself": _manifest(lambda m: m["files"].__setitem__("net.json", "0" * 64)),
    "another schema of the manifest": lambda f: f.text(
        lambda text: text.replace('"integer"', '"number"', 1), "manifest.schema.json"
    ),
    "another schema of the drivers": lambda f: f.text(
        lambda text: text.replace('"format"', '"format "', 1), "driver.schema.json"
    ),
    "a manifest with a key twice": lambda f: f.text(
        lambda text: text.replace('"dtype"', '"target": "cortex-m0",\n "dtype"', 1), "net.json"
    ),
    "a manifest laid out otherwise": lambda f: f.text(lambda text: text.replace("\n ", "\n  "), "net.json"),
}

SETTINGS: dict[str, Forge] = {
    "another core": told("settings", "target", to="cortex-m7"),
    "another format of numbers": told("settings", "dtype", to="int8"),
    "numbers of another format": told("dtype", to="int8"),
    "rounded otherwise": told("settings", "multiply_add", to="fused"),
    "rounded otherwise everywhere": _manifest(
        lambda m: (m.update(multiply_add="fused"), m["settings"].update(multiply_add="fused"))
    ),
    "not simplified": told("settings", "simplify", to=False),
    "not rescaled": told("settings", "rescale", to="none"),
    "rescaled anyhow": told("settings", "rescale", to="some"),
    "natural inputs": told("settings", "inputs", to="natural"),
    "other registers": told("settings", "registers", to=7),
    "less flash than it takes": told("settings", "flash", to=64),
    "less RAM than it takes": told("settings", "ram", to=64),
    "a wish that there is not": told("settings", "certified", to=True),
    "a wish less": _manifest(lambda m: m["settings"].pop("batch")),
    "no annealing": told("settings", "anneal", to=None),
    "an objective that there is not": told("settings", "objective", to="beauty"),
    "another version": told("armlet", to="9.9"),
    "another name": told("name", to="other"),
    "a name of C": told("name", to="int"),
    "another target": told("target", to="cortex-m0"),
    "entries exchanged": _manifest(lambda m: m["entries"].reverse()),
    "an entry more": _manifest(lambda m: m["entries"].append("net_init")),
    "no vectors": told("vectors", to=[]),
    "a vector less": _manifest(lambda m: m["vectors"].pop()),
    "a vector of other outputs": _manifest(lambda m: m["vectors"][0]["output"].__setitem__(0, 0.0)),
    "a vector of undeclared inputs": _manifest(lambda m: m["vectors"][0]["input"].__setitem__(0, -9.0)),
    "a vector beyond float32": _manifest(lambda m: m["vectors"][0]["input"].__setitem__(0, 1e300)),
    "a layout that was not tried": _manifest(
        lambda m: m["layouts"].append({**m["layouts"][0], "inputs": "natural", "core": 1, "run": 2})
    ),
    "no layout": told("layouts", to=[]),
    "a layer less": _manifest(lambda m: m["layers"].pop()),
    "an annealing that is no number": _manifest(
        lambda m: m["annealings"].append({"subject": "x", "moves": -1, "change": 0.0, "trace": []})
    ),
}


def figures(manifest: bytes) -> dict[str, Forge]:
    """Each number of the manifest that can be worked out again, one more than it is; and each digest."""
    found: dict[str, Forge] = {}
    whole = json.loads(manifest)
    parts = ("format", "network", "domain", "simplified", "registers", "memory", "moves", "layers", "instructions")
    found |= figures_of(whole, parts)
    for index, layout in enumerate(whole["layouts"]):
        for key in ("core", "run", "transfers", "transfers_before", "transfers_bound", "inputs"):
            value = 0 if key.startswith("transfers") else _other(layout[key])
            found[f"layouts.{index}.{key} told as {value}"] = told("layouts", index, key, to=value)
    return found


def figures_of(manifest: Any, parts: tuple[str, ...]) -> dict[str, Forge]:
    """Each leaf of some parts of a manifest as another value."""
    found: dict[str, Forge] = {}
    for part in parts:
        for path, value in _leaves(manifest[part], (part,)):
            other = _other(value)
            found[f"{'.'.join(map(str, path))} {value} told as {other}"] = told(*path, to=other)
    return found


def _other(value: object) -> object:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case None:
            return 1.0
        case _:
            return f"{value}0"[-len(str(value)) :] if len(str(value)) == 64 else f"{value}0"


def _leaves(value: Any, path: tuple[str | int, ...]) -> list[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        return [leaf for key, each in value.items() for leaf in _leaves(each, (*path, key))]
    if isinstance(value, list):
        return [leaf for key, each in enumerate(value) for leaf in _leaves(each, (*path, key))]
    return [(path, value)]


ALL: dict[str, dict[str, Forge]] = {
    "text": TEXT,
    "header": HEADER,
    "driver": DRIVERS,
    "order": ORDER,
    "network": NETWORK,
    "files": FILES,
    "settings": SETTINGS,
}

__all__ = ["ALL", "FILES", "TEXT", "Forge", "figures", "figures_of", "shown", "told"]
