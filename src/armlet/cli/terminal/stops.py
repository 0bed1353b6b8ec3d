"""The text of --path to the sparsities it names."""

from armlet.errors import InputError

DEFAULT = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
MOST = 100  # networks that one run keeps


def stops(text: str | None, sparsity: float | None) -> tuple[float, ...] | None:
    """The sparsities in `text`, such as 0.8,0.9; `default` names those of `DEFAULT` up to `sparsity`."""
    if text is None:
        return None
    if text.strip() == "default":
        return tuple(share for share in DEFAULT if sparsity is None or share <= sparsity)
    hint = "give sparsities such as 0.8,0.9,0.95, or default"
    try:
        found = tuple(sorted({float(part) for part in text.split(",")}))
    except ValueError as wrong:
        raise InputError("--path", f"{text[:40]!r} is no list of numbers", hint) from wrong
    if len(found) > MOST:
        raise InputError("--path", f"names {len(found)} sparsities", f"name at most {MOST}")
    return found
