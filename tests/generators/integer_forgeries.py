"""The forgeries of one build in integers, beside those of a text that any build may suffer."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from generators.forgeries import FILES, TEXT, Forge, figures_of, told
from generators.forgery import Forgery

_GENERAL = (
    *(name for name in TEXT if name.startswith(("a #", "an #", "an .", "a .", "a C", "a //", "a raw", "a NOP"))),
    *(
        "a trigraph",
        "a line that goes on",
        "a weak entry",
        "an entry that is weak besides",
    ),
    *("a hidden entry", "an internal entry", "a local entry", "a foreign handler", "a foreign symbol on the entry"),
    *("another name of the entry", "another name by .thumb_set", "a local label", "an undefined symbol"),
    *("a weak undefined symbol", "a common symbol", "a local common symbol", "a constructor", "a destructor"),
    *("an old constructor", "an .init piece", "a vector table", "a section of data", "a section that is kept"),
    *("code that may be written", "a group", "link once", "both entries in one section", "a stack that runs code"),
    *("a comment section", "debugging lines", "an indirect function", "an object for a function", "a size that lies"),
    *("aligned to more", "code aligned to less", "a balanced alignment", "another core", "another syntax", "a literal"),
    *("code for another state", "an attribute", "a wide NOP", "a call by distance", "a call of itself"),
    *("a jump in place of the call", "a preserved register", "the stack off by a word", "a write below the stack"),
    *("lines that end otherwise", "no last line", "an empty line more", "a zero byte", "a byte order mark"),
    *("a form feed", "another title", "another version", "another claim"),
)
_CORE = "net_core:\n"


def _swap(old: str, new: str, name: str = "net.S") -> Forge:
    return lambda f: f.swap(old, new, name)


def _json(name: str, change: Callable[[Any], object]) -> Forge:
    return lambda f: f.json(change, name)


def _first(starts: str, change: Callable[[str], str]) -> Forge:
    """The first line of NAME_core that begins so."""

    def forge(text: str) -> str:
        head, label, rest = text.partition(_CORE)
        lines = rest.split("\n")
        at = next(k for k, line in enumerate(lines) if line.startswith(f"  {starts}"))
        lines[at] = change(lines[at])
        return head + label + "\n".join(lines)

    return lambda f: f.text(forge)


def _moved_comment(text: str) -> str:
    """The first comment on a connection goes to the line before, which has none."""
    lines = text.split("\n")
    at = next(k for k, line in enumerate(lines) if "+=" in line and line.startswith("  ") and "+=" not in lines[k - 1])
    comment = lines[at][lines[at].index("@") :]
    lines[at], lines[at - 1] = lines[at][: -len(comment)].rstrip(), f"{lines[at - 1]:<42}{comment}"
    return "\n".join(lines)


PROGRAM: dict[str, Forge] = {
    "a shift by one more": _first("add.w", lambda line: line.replace("lsl #", "lsl #1").replace("lsr #", "lsr #1")),
    "an addition turned round": _first("add.w", lambda line: line.replace("add.w", "sub.w")),
    "another source register": _first("add.w", lambda line: line.replace(", r", ", r1", 1)),
    "a load of another word": _first("ldr.w", lambda line: line.replace("#0]", "#4]") if "#0]" in line else line + " "),
    "a store left out": _first("str.w", lambda line: "  mov.n r1, r1"),
    "a byte for a word": _first("str.w", lambda line: line.replace("str.w", "strb.w")),
    "a clamp of seven bits": _first("usat", lambda line: line.replace("#8", "#7")),
    "a signed clamp": _first("usat", lambda line: line.replace("usat", "ssat")),
    "a number beyond a field": _first("ldr.w", lambda line: line.replace("#", "#4096", 1)),
    "a negative offset": _first("ldr.w", lambda line: line.replace("#", "#-", 1)),
    "the stack pointer": _first("add.w", lambda line: line.replace("add.w r", "add.w sp, r", 1)),
    "fewer registers saved": _swap("push.w {r4, ", "push.w {"),
    "other registers given back": _swap("pop.w {r4, r5", "pop.w {r4, r6"),
    "an entry in the middle": _first("add.w", lambda line: "  push.w {r4, lr}\n" + line),
    "the block of another": _swap("#:lower16:net_block", "#:lower16:net_core"),
    "a smaller block": _swap("  .space ", "  .space 4 @"),
    "an input that is not copied": lambda f: f.text(_without_first_copy),
    "two instructions in a line": _swap("  mov.n r4, r1\n", "  mov.n r4, r1; nop\n"),
    "tabs": _swap("  mov.n r4, r1\n", "\tmov.n r4, r1\n"),
    "capitals": _swap("  mov.n r4, r1\n", "  MOV.n r4, r1\n"),
    "a space at the end": _swap("  mov.n r4, r1\n", "  mov.n r4, r1 \n"),
    "no return": lambda f: f.text(lambda text: "\n".join(x for x in text.split("\n") if "pop.w" not in x)),
    "a comment of another weight": _swap(" += ", " += 9"),
    "a comment on a line that computes none": lambda f: f.text(_moved_comment),
    "a comment of its own": _first("ldr.w", lambda line: f"{line:<42}@ certified"),
}


def _without_first_copy(text: str) -> str:
    head, label, rest = text.partition("net_run:\n")
    lines = rest.split("\n")
    at = next(k for k, line in enumerate(lines) if line.startswith("  str"))
    return head + label + "\n".join(lines[:at] + lines[at + 1 :])


def _value(direction: str, index: int, **fields: object) -> Forge:
    return _json(f"net_{direction}_driver.json", lambda driver: driver["values"][index].update(fields))


def _exchanged(driver: Any) -> None:
    used = [value for value in driver["values"] if value["place"] == "memory"]
    used[0]["offset"], used[1]["offset"] = used[1]["offset"], used[0]["offset"]


def _wider(f: Forgery) -> None:
    for direction in ("input", "output"):
        f.json(lambda driver: driver.update(block=driver["block"] + 4), f"net_{direction}_driver.json")


def _fewer_inputs(f: Forgery) -> None:
    for direction in ("input", "output"):
        f.json(lambda driver: driver.update(inputs=driver["inputs"] + 4), f"net_{direction}_driver.json")


DRIVERS: dict[str, Forge] = {
    **{f"{d} of base r1": _json(f"net_{d}_driver.json", lambda v: v.update(base="r1")) for d in ("input", "output")},
    **{f"{d} of int16": _json(f"net_{d}_driver.json", lambda v: v.update(dtype="int16")) for d in ("input", "output")},
    **{
        f"{d} of another build": _json(f"net_{d}_driver.json", lambda v: v.update(name="x"))
        for d in ("input", "output")
    },
    "inputs exchanged": _json("net_input_driver.json", _exchanged),
    "outputs exchanged": _json("net_output_driver.json", _exchanged),
    "a wider input": _value("input", 0, bytes=2),
    "a narrower output": _value("output", 0, bytes=1),
    "an input that is unused": _json(
        "net_input_driver.json", lambda v: v["values"].__setitem__(0, {"index": 0, "place": "unused"})
    ),
    "an unused input that is placed": _value("input", 8, place="memory", offset=4, bytes=1),
    "a larger block": _wider,
    "a larger inputs' part": _fewer_inputs,
    "laid out otherwise": lambda f: f.text(lambda text: text.replace("\n ", "\n  "), "net_output_driver.json"),
}
HEADER: dict[str, Forge] = {
    "another scale": _swap("INPUT_SCALE 0.0", "INPUT_SCALE 0.1", "net.h"),
    "another zero": _swap("INPUT_ZERO 0", "INPUT_ZERO 1", "net.h"),
    "a wider interval": _swap("INPUT_HIGH 255", "INPUT_HIGH 256", "net.h"),
    "another type": _swap("const uint8_t *input", "const int8_t *input", "net.h"),
    "a smaller block": _swap("BLOCK_BYTES ", "BLOCK_BYTES 1", "net.h"),
    "another promise": _swap("No floating-point unit is used.", "Certified.", "net.h"),
    "an empty header": lambda f: f.text(lambda text: "", "net.h"),
}
NETWORK: dict[str, Forge] = {
    "a weight": lambda f: _turn(f, "W_0.npy"),
    "a bias": lambda f: _turn(f, "b_1.npy"),
    "a shift": lambda f: _turn(f, "shift_0.npy"),
    "bytes behind an array": lambda f: f.files.update({"W_1.npy": f.files["W_1.npy"] + b"\0"}),
    "another scale of inputs": _swap("scale = 0.0", "scale = 0.1", "network.toml"),
    "a comment": lambda f: f.text(lambda text: "# audited\n" + text, "network.toml"),
}


def _turn(f: Forgery, name: str) -> None:
    data = f.files[name]
    f.files[name] = data[:-1] + bytes([data[-1] ^ 1])


SETTINGS: dict[str, Forge] = {
    "another core": told("settings", "target", to="cortex-m0plus"),
    "another target everywhere": _json(
        "net.json", lambda m: (m.update(target="cortex-m4f"), m["settings"].update(target="cortex-m4f"))
    ),
    "less flash than it takes": told("settings", "flash", to=64),
    "less RAM than it takes": told("settings", "ram", to=8),
    "a wish that there is not": told("settings", "certified", to=True),
    "a wish less": _json("net.json", lambda m: m["settings"].pop("optimize")),
    "a manifest with a key twice": _swap('"entries"', '"target": "cortex-m0",\n "entries"', "net.json"),
    "no annealing": told("settings", "anneal", to=None),
    "entries exchanged": _json("net.json", lambda m: m["entries"].reverse()),
    "no vectors": told("vectors", to=[]),
    "a vector of other outputs": _json("net.json", lambda m: m["vectors"][0]["output"].__setitem__(0, 7)),
    "a vector of other inputs": _json("net.json", lambda m: m["vectors"][2]["input"].__setitem__(0, 255)),
    "a layer less": _json("net.json", lambda m: m["layers"].pop()),
    "no intervals": told("intervals", to=[]),
    "a kind of its own": told("kind", to="float32"),
    "a scheme that steers a terminal": _json("net.json", lambda m: m["layers"][0].update(scheme="\x1b[2J")),
}
ALL: Mapping[str, Mapping[str, Forge]] = {
    "text": {name: TEXT[name] for name in _GENERAL if name in TEXT},
    "program": PROGRAM,
    "driver": DRIVERS,
    "header": HEADER,
    "network": NETWORK,
    "settings": SETTINGS,
    "files": {name: forge for name, forge in FILES.items() if name != "a manifest with a key twice"},
}


def integer_figures(manifest: bytes) -> dict[str, Forge]:
    """Each number of the manifest that can be worked out again, one more than it is."""
    parts = ("format", "network", "domain", "simplified", "intervals", "memory", "layers", "loads", "stores")
    found = figures_of(json.loads(manifest), (*parts, "instructions"))
    return {name: forge for name, forge in found.items() if ".scheme" not in name and not _hidden_words(name)}


def _hidden_words(name: str) -> bool:
    """The words of a hidden layer cannot be worked out again."""
    return ".words" in name and not name.startswith("layers.0")
