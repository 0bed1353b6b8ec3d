"""Whether what verification is made of is installed: the extra armlet[verify]. Imports none of it."""

from armlet.extras import missing, require


def missing_extra() -> str:
    """What of the extra is not installed, by package name; empty where all is."""
    return missing("verify")


def require_extra() -> None:
    """Raise `ToolchainError` that says what to install, where something is missing."""
    require("running a build", "verify")
