"""Whether what verification is made of is installed: the extra armlet[verify]. Imports none of it."""

from importlib.util import find_spec

from armlet.errors import ToolchainError

_MODULES = {"unicorn": "unicorn", "capstone": "capstone", "elftools": "pyelftools"}  # by the name that is imported


def missing_extra() -> str:
    """What of the extra is not installed, by package name; empty where all is."""
    return ", ".join(package for module, package in _MODULES.items() if find_spec(module) is None)


def require_extra() -> None:
    """Raise `ToolchainError` that says what to install, where something is missing."""
    if missing := missing_extra():
        raise ToolchainError(f"running a build needs {missing}; pip install 'armlet[verify]'")
