"""The embedded source: scikit-learn's 1,797 handwritten digits of 8 x 8, which need no network."""

from typing import Any

from armlet.data.archive import split
from armlet.data.images import Images, Source
from armlet.data.table import as_labels
from armlet.errors import ToolchainError


def read_digits(classes: int, seed: int) -> Source:
    """Digits 0 to 9, pixels from 0 to 16, split by `seed`. Raises `ToolchainError` without scikit-learn."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as missing:
        raise ToolchainError("the digits come with scikit-learn; pip install 'armlet[data]'") from missing
    bunch: Any = load_digits()
    labels = as_labels(bunch["target"], classes, "digits")
    return split(Images(bunch["images"], labels), "digits", seed)
