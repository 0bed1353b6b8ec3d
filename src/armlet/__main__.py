"""`python -m armlet` is `armlet`: an interruption is one line from the first import on."""

import os
import signal
from types import FrameType


def main() -> None:
    """Wake the command line, and run it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end_at_once)
    from armlet.cli import main as run

    run()


def _end_at_once(signum: int, frame: FrameType | None) -> None:
    """Nothing is raised into an import: the exception may be lost there, and the import goes on half done."""
    os.write(2, b"armlet: interrupted\n")
    os._exit(130)


vars(_end_at_once)["until_the_start"] = True  # for the command line, which sets its own once it is awake

if __name__ == "__main__":
    main()
