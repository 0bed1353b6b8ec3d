"""Honest random builds, each verified whole under every toolchain that is here: none may be refused.

    python tests/honest.py [--builds N] [--seed K] [--first I]

The networks and options are those of tests/soak.py. Networks that compile refuses are drawn anew. Where no input
that is tried has a specified result, since sums leave float32 on each, verification fails by its own rule and claims
nothing; such builds are counted apart. Exit code 1 where an honest build was refused.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from armlet.errors import ArmletError
from armlet.pipeline import compile_network
from armlet.toolchain.toolchain import Toolchain, toolchains
from armlet.verify.verify import verify_build
from soak import Case, cases

UNTOLD = "there is an input with a specified result"
RANDOM = 4  # random inputs beside the fixed ones


def refusals(case: Case, tools: tuple[Toolchain, ...]) -> list[str] | None:
    """Why each toolchain refuses the build, empty where it does not; None where nobody claims anything of it."""
    with tempfile.TemporaryDirectory(prefix="honest-") as folder:
        for name, content in compile_network(case.network, case.name, case.options).bundle.files.items():
            (Path(folder) / name).write_bytes(content)
        found: list[str] = []
        for each in tools:
            try:
                verdict = verify_build(Path(folder), RANDOM, tools=each)
            except ArmletError as refused:
                found.append(str(refused))
                continue
            wrong = [f"{check.claim}: {check.detail}" for check in verdict.checks if not check.holds]
            if len(wrong) == 1 and wrong[0].startswith(UNTOLD):
                return None
            found.append("; ".join(wrong))
    return found


def try_honest(
    builds: int, seed: int, first: int, tools: tuple[Toolchain, ...], report: Callable[[str], None]
) -> Counter[str]:
    """Verify `builds` builds of which something is claimed; how many of what were met."""
    tally, source = Counter[str](), cases(seed, first)
    while tally["builds"] < builds:
        case = next(source)
        try:
            found = refusals(case, tools)
        except ArmletError:
            tally["refused by compile"] += 1
            continue
        if found is None:
            tally["nothing specified"] += 1
            continue
        tally["builds"] += 1
        for each, problem in zip(tools, found):
            tally[f"refused under {each.describe()}" if problem else f"accepted under {each.describe()}"] += 1
            if problem:
                report(f"seed {seed}, number {case.number}, {each.describe()}: {problem}")
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--builds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first network (0)")
    arguments = parser.parse_args()
    begin = time.monotonic()
    tally = try_honest(
        arguments.builds, arguments.seed, arguments.first, toolchains(), lambda text: print(text, flush=True)
    )
    for what, count in sorted(tally.items()):
        print(f"{count:6,} {what}")
    print(f"{time.monotonic() - begin:.0f} s", file=sys.stderr)
    raise SystemExit(1 if any(what.startswith("refused under") for what in tally) else 0)


if __name__ == "__main__":
    main()
