"""Plain values to lines of TOML, which Python's own library only reads."""

import json
import re
from collections.abc import Mapping
from typing import Any


def toml_lines(table: Mapping[str, Any]) -> list[str]:
    """One line a key, in the order of the keys: text, numbers, booleans and lists of them."""
    return [f"{_key(key)} = {_value(value)}" for key, value in sorted(table.items())]


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _value(key)


def _value(value: Any) -> str:
    """A TOML value; JSON's strings, numbers, booleans and lists are TOML's too, but for one control character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
