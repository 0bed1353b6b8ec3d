"""Kills every command that writes, at random moments, and looks at what it leaves; then lets one run to its end.

    python tests/kills.py [--kills 200] [--seed K]

Half of the kills (SIGKILL, the whole process group) fall anywhere in the run, half within milliseconds of the first
sign of writing. After each, the output must be the old folder whole, the new one whole, or none: and none only where
none was, or where the old one lies beside it whole, from where the next run takes it back. Every fourth kill a run that
nobody disturbs follows: it must give the bytes of a run that was never broken, and leave nothing beside them. Exit code
1 where anything else was found.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

Files = Mapping[str, bytes]
_SECONDS = re.compile(rb'"seconds": [0-9.e+-]+')  # what the sparsifier took: the one thing that differs between runs


@dataclass(frozen=True)
class Stage:
    """One command that writes a folder; `{out}` in its arguments is where."""

    name: str
    arguments: str
    out: str
    resumes: bool = False  # whether it goes on from what a killed one wrote down

    def command(self, out: str, seed: int) -> list[str]:
        words = self.arguments.format(out=out).split()
        return [sys.executable, "-m", "armlet", self.name, *words, "--seed", str(seed), "--quiet"]


STAGES = (
    Stage("dataset", "t.csv --out {out}/D", "D"),
    Stage("train", "{out}/P t.csv --data given/D --epochs 2", "P"),
    Stage("sparsify", "given/P {out}/S --sparsity 0.5 --path 0.3 --epochs 4 --steps 2 --batch 16", "S", resumes=True),
    Stage("compile", "given/S net --out {out} --no-verify", "net"),
)


@dataclass(frozen=True)
class Known:
    """What undisturbed runs of one stage leave."""

    old: Files  # with another seed: what stands there already
    new: Files
    seconds: float  # that a run takes


class BrokenPromiseError(Exception):
    """Something half was found."""


def held(folder: Path) -> Files:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): _SECONDS.sub(b"", path.read_bytes()) for path in files}


def prepare(work: Path, stages: tuple[Stage, ...]) -> Mapping[str, Known]:
    """Run `stages`, in the order of the road, twice undisturbed, with two seeds."""
    (work / "t.csv").write_text("4, 8, 10\n")
    known: dict[str, Known] = {}
    for stage in [stage for stage in STAGES if stage in stages]:
        subprocess.run(stage.command("other", 1), cwd=work, check=True, stdout=subprocess.DEVNULL)
        begin = time.monotonic()
        subprocess.run(stage.command("given", 0), cwd=work, check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - begin
        known[stage.name] = Known(held(work / "other" / stage.out), held(work / "given" / stage.out), seconds)
    return known


def kill_once(stage: Stage, known: Known, work: Path, rng: Random) -> str:
    """Start the stage, kill it, judge what is left; which of the allowed states it is."""
    folder = _victim(stage, work)
    asides = [*folder.parent.glob(f".{folder.name}.*.old/was")]
    standing = folder if folder.exists() else next(iter(asides), None)
    before = held(standing) if standing else None
    command, nowhere = stage.command(folder.parent.name, 0), subprocess.DEVNULL
    running = subprocess.Popen(command, cwd=work, start_new_session=True, stdout=nowhere, stderr=nowhere)
    if rng.random() < 0.5:
        _wait(running, time.monotonic() + rng.uniform(0, 1.1 * known.seconds))
    else:
        _wait(running, time.monotonic() + 10 * known.seconds, folder.parent)
        time.sleep(rng.uniform(0, 0.03))
    ended = running.poll() is not None
    if not ended:
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    found = _judge(folder, known, before)
    return f"{stage.name}: {found}{', had ended' if ended else ''}"


def resume(stage: Stage, known: Known, work: Path) -> None:
    """A run that nobody disturbs, after those that were killed. Raises `BrokenPromiseError`."""
    folder = _victim(stage, work)
    command = stage.command(folder.parent.name, 0) + stage.resumes * ["--resume"]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True)
    if done.returncode:
        raise BrokenPromiseError(f"{stage.name}: the next run ends with {done.returncode}: {done.stderr}")
    if held(folder) != known.new:
        raise BrokenPromiseError(f"{stage.name}: the next run gives other bytes")
    if beside := [path.name for path in folder.parent.iterdir() if path != folder]:
        raise BrokenPromiseError(f"{stage.name}: the next run leaves {', '.join(beside)}")


def _victim(stage: Stage, work: Path) -> Path:
    """Where the runs that are killed write."""
    return work / f"killed-{stage.name}" / stage.out


def _wait(running: "subprocess.Popen[bytes]", until: float, folder: Path | None = None) -> None:
    """Until the time, the end of the run, or the first sign of writing in `folder`."""
    seen = set(folder.iterdir()) if folder and folder.exists() else set[Path]()
    while running.poll() is None and time.monotonic() < until:
        if folder and folder.exists() and set(folder.iterdir()) - seen:
            return
        time.sleep(0.001)


def _judge(folder: Path, known: Known, before: Files | None) -> str:
    left = [path for path in folder.parent.iterdir() if path != folder] if folder.parent.exists() else []
    pattern = re.compile(rf"\.{folder.name}\.[a-z0-9_]{{8}}\.(part|old)|{folder.name}\.partial")
    if strange := [path.name for path in left if not pattern.fullmatch(path.name)]:
        raise BrokenPromiseError(f"{folder}: leaves {strange[0]}")
    if len(left) > 3:
        raise BrokenPromiseError(f"{folder}: {len(left)} leftovers pile up")
    rest = f", {len(left)} beside" if left else ""
    if folder.exists():
        found = held(folder)
        if found not in (known.new, before):
            raise BrokenPromiseError(f"{folder}: holds neither the old nor the new: {sorted(found)}")
        return ("new" if found == known.new else "old") + rest
    aside = [held(path / "was") for path in left if (path / "was").is_dir()]
    if before is not None and before not in aside:
        raise BrokenPromiseError(f"{folder}: the old one is gone")
    return ("aside" if aside else "none") + rest


def soak(kills: int, seed: int, stages: tuple[Stage, ...] = STAGES, given: Path | None = None) -> Counter[str]:
    """Kill `kills` runs, in turn of each stage; how often each state was found. Raises `BrokenPromiseError`.

    `given` holds what the first of `stages` reads (D, P, S), where that is not made here.
    """
    rng, tally = Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        work = Path(name)
        if given:
            shutil.copytree(given, work / "given")
        known = prepare(work, stages)
        for i in range(kills):
            stage = stages[i % len(stages)]
            folder = _victim(stage, work)
            if rng.random() < 0.6:  # begin anew, else among what the last kill left
                shutil.rmtree(folder.parent, ignore_errors=True)
                if rng.random() < 0.7:
                    shutil.copytree(work / "other" / stage.out, folder)
            tally[kill_once(stage, known[stage.name], work, rng)] += 1
            if rng.random() < 0.25 or stage not in [stages[k % len(stages)] for k in range(i + 1, kills)]:
                resume(stage, known[stage.name], work)
                tally[f"{stage.name}: resumed to the unbroken bytes"] += 1
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    begin = time.monotonic()
    try:
        tally = soak(arguments.kills, arguments.seed)
    except BrokenPromiseError as broken:
        raise SystemExit(f"BROKEN: {broken}") from broken
    for what, number in sorted(tally.items()):
        print(f"{number:5} {what}")
    print(f"{arguments.kills} kills, nothing half; {time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
