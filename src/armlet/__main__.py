"""`python -m armlet` is `armlet`: an interruption is one line from the first import on."""

import os


def main() -> None:
    """Wake the command line, and run it."""
    try:
        from armlet.cli import main as run
    except KeyboardInterrupt:
        os.write(2, b"armlet: interrupted\n")
        os._exit(130)
    run()


if __name__ == "__main__":
    main()
