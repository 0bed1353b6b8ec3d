"""Plain values to lines of TOML, which Python's own library only reads."""

import json
import re
from collections.abc import Mapping
from datetime import date, time
from math import isfinite
from typing import Any


def toml_lines(table: Mapping[str, Any]) -> list[str]:
    """One line a key, in the order of the keys: text, numbers, booleans, dates, lists and tables."""
    return [f"{_key(key)} = {_value(value)}" for key, value in sorted(table.items())]


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _value(key)


def _value(value: Any) -> str:
    """A TOML value; JSON's strings, numbers, booleans are TOML's too, but for one control character."""
    match value:
        case Mapping():
            return "{" + ", ".join(f"{_key(key)} = {_value(of)}" for key, of in sorted(value.items())) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_value, value)) + "]"
        case float() if not isfinite(value):
            return str(value)  # nan, inf, -inf
        case date() | time():
            return value.isoformat()
        case _:
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
