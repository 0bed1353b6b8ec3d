"""The relocations of Thumb code that a build has: addresses by MOVW and MOVT or in bytes by MOVS and ADDS, calls by BL.

Sources: ELF for the Arm Architecture (IHI 0044), section 4.6 and tables 4-8 and 4-10; Armv7-M Architecture Reference
Manual (DDI 0403), A7.7 for the fields of the instructions.
"""

_MOVW, _MOVT, _CALL = 47, 48, 10  # R_ARM_THM_MOVW_ABS_NC, R_ARM_THM_MOVT_ABS, R_ARM_THM_CALL
_BYTES = range(132, 136)  # R_ARM_THM_ALU_ABS_G0_NC to G3_NC: the lowest byte of an address to its highest
_OPCODES = {_MOVW: 0xF240, _MOVT: 0xF2C0}
_TO_ITSELF = b"\xff\xf7\xfe\xff"  # BL to itself, - 4: nothing is added to the symbol


def relocate(content: bytes, offset: int, kind: int, target: int, base: int) -> bytes:
    """`content`, which lies at `base`, with the place at `offset` filled for the address `target`."""
    if kind in _BYTES:
        return content[:offset] + bytes([target >> 8 * (kind - _BYTES[0]) & 0xFF]) + content[offset + 1 :]
    code = content[offset : offset + 4]
    if kind == _CALL:
        filled = _call(target - (base + offset + 4))
    else:
        filled = _half(code, target >> 16 if kind == _MOVT else target & 0xFFFF)
    return content[:offset] + filled + content[offset + 4 :]


def relocation_problem(content: bytes, offset: int, kind: int, to_function: bool) -> str:
    """What is wrong with a relocation, in words; empty where a build may have it."""
    if kind not in (_MOVW, _MOVT, _CALL, *_BYTES) or to_function != (kind == _CALL):
        return f"of kind {kind}"
    if offset % 2 or offset + (2 if kind in _BYTES else 4) > len(content):
        return "outside its section"
    if kind in _BYTES:
        wanted = 0x20 if kind == _BYTES[-1] else 0x30  # MOVS, which comes first, or ADDS
        if content[offset + 1] & 0xF8 != wanted:
            return "in another instruction"
        return "with a number added" if content[offset] else ""
    code = content[offset : offset + 4]
    first, second = (int.from_bytes(code[k : k + 2], "little") for k in (0, 2))
    if kind != _CALL and (first & 0xFBF0 != _OPCODES[kind] or second & 0x8000):
        return "in another instruction"
    added = code != _TO_ITSELF if kind == _CALL else _number(first, second)
    return "with a number added" if added else ""


def _number(first: int, second: int) -> int:
    """The number that MOVW or MOVT holds."""
    return (first & 0xF) << 12 | (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xFF


def _half(code: bytes, half: int) -> bytes:
    """MOVW or MOVT with another number."""
    first = int.from_bytes(code[:2], "little") & 0xFBF0 | half >> 12 | (half >> 11 & 1) << 10
    second = int.from_bytes(code[2:], "little") & 0x8F00 | (half >> 8 & 7) << 12 | half & 0xFF
    return first.to_bytes(2, "little") + second.to_bytes(2, "little")


def _call(distance: int) -> bytes:
    """BL over a distance, encoding T1."""
    sign, one, two = distance >> 24 & 1, distance >> 23 & 1, distance >> 22 & 1
    first = 0xF000 | sign << 10 | distance >> 12 & 0x3FF
    second = 0xD000 | (1 ^ one ^ sign) << 13 | (1 ^ two ^ sign) << 11 | distance >> 1 & 0x7FF
    return first.to_bytes(2, "little") + second.to_bytes(2, "little")
