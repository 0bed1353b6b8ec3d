"""`python -m armlet` is `armlet`."""

from armlet.cli import main

if __name__ == "__main__":
    main()
