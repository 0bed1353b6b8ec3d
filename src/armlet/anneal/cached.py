"""Compiled code on disk, and the changes that its cache does not see.

Numba keeps what it has compiled and drops it when the source file changes. It does not look at other
files whose functions were compiled in. The engine is compiled together with its subjects, so the cache of either is
dropped when the other is newer, or has left.
"""

from pathlib import Path


def forget_outdated(module: Path, compiled_in: Path, cache: Path | None) -> None:
    """Drop what `cache` keeps of `module` if `compiled_in`, or the list of files beside it, is younger."""
    if cache is None:
        return
    try:
        changed = max(compiled_in.stat().st_mtime, compiled_in.parent.stat().st_mtime)
        for index in cache.glob(f"{module.stem}.*.nbi"):
            if index.stat().st_mtime < changed:
                index.unlink(missing_ok=True)
    except OSError:
        return  # a folder that cannot be written holds no cache
