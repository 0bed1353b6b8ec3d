"""Broken files for every reader: whatever the bytes, the answer is a value or an `InputError` of one line.

    python tests/fuzz.py [--inputs N] [--reader NAME ...] [--seed K] [--seconds S] [--keep]

Valid files, and the kept ones of tests/corpus/, have bytes changed, cut, doubled, spliced, and numbers put in place of
numbers; containers are changed inside and packed again, so that checksums do not hide what is behind them. Each input
is written to a real file, in memory where the system has a folder for that, and read by the reader itself. A fault is
any other exception, a warning, a message of two lines, more than a second of processor time, or memory beyond 1 GB (the
process of each reader is limited to that). With --keep what failed joins the corpus. Exit code 1 where anything failed.
"""

import argparse
import gc
import hashlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

from armlet.errors import InputError
from armlet.formats.keras.hdf5.process import SHARED
from generators.damage import mutate
from generators.reader import Reader
from generators.readers import READERS

CORPUS = Path(__file__).parent / "corpus"
MEMORY = 1 << 30  # bytes that a process may write to, the interpreter, JAX and all threads included
SECONDS = 1.0  # of the processor for one input
HANG = 60.0  # seconds of the processor for 256 inputs, or the input is given up
SMALL = 4096  # bytes; larger valid and kept files are taken one time in `LARGE_ONES`, since they take longest
LARGE_ONES = 64


@dataclass(frozen=True)
class Fault:
    """An input that was not refused as it should."""

    reader: str
    content: bytes
    problem: str


@dataclass(frozen=True)
class Tried:
    """How many inputs, how many of them a reader took as valid, and the processor time of the slowest."""

    inputs: int
    taken: int
    slowest: float


class _HangError(BaseException):
    """Raised out of a reader that does not end."""


def inputs(reader: Reader, rng: Random, kept: list[bytes]) -> Iterator[bytes]:
    """Every valid and every kept file as it is, then broken ones without end."""
    whole = [reader.pack(inner) for inner in reader.valid] + kept
    yield from whole
    small = [content for content in whole if len(content) <= SMALL] or whole
    while True:
        if reader.is_packed and rng.random() < 0.6:
            yield reader.pack(mutate(rng, rng.choice(reader.valid), list(reader.valid)))
        else:
            chosen = small if rng.randrange(LARGE_ONES) else whole
            yield mutate(rng, rng.choice(chosen), chosen)


def write(handle: int, content: bytes) -> None:
    """Make this the whole of an open file."""
    os.pwrite(handle, content, 0)
    os.ftruncate(handle, len(content))


def try_input(reader: Reader, path: Path) -> tuple[bool, str]:
    """Whether `reader` takes the file, and what is wrong with how it answers; empty where nothing is."""
    try:
        reader.read(path)
    except InputError as refused:
        return False, f"a message of several lines: {str(refused)!r}" if "\n" in str(refused) else ""
    except _HangError:
        return False, "does not end"
    except Exception as crash:
        return False, f"{type(crash).__name__}: {crash}"
    return True, ""


def fuzz(reader: Reader, count: int, seed: int, report: Callable[[Fault], None], seconds: float | None = None) -> Tried:
    """Try `count` inputs, or as many as `seconds` allow."""
    rng = Random(f"{reader.name} {seed}")
    kept = [path.read_bytes() for path in sorted((CORPUS / reader.name).glob("*"))]
    begin, done, taken, slowest = time.monotonic(), 0, 0, 0.0
    before = signal.signal(signal.SIGPROF, _hang)
    with (
        tempfile.TemporaryDirectory(dir=memory_folder(), prefix="fuzz-") as folder,
        warnings.catch_warnings(),
        ExitStack() as stack,
        suppress(KeyboardInterrupt),  # what was counted until then is told
    ):
        warnings.simplefilter("error")
        path = reader.prepare(Path(folder))
        handle = stack.enter_context(path.open("r+b" if path.exists() else "w+b", buffering=0)).fileno()
        gc.freeze()  # what is there already need not be looked at again and again
        for content in islice(inputs(reader, rng, kept), count):
            if not done % 256:
                signal.setitimer(signal.ITIMER_PROF, HANG)
                if seconds is not None and time.monotonic() - begin > seconds:
                    break
            write(handle, content)
            clock = worked()
            is_taken, problem = try_input(reader, path)
            clock = worked() - clock
            if not problem and clock > SECONDS:
                problem = f"takes {clock:.2f} s"
            if problem:
                report(Fault(reader.name, content, problem))
            done, taken, slowest = done + 1, taken + is_taken, max(slowest, clock)
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)
    return Tried(done, taken, slowest)


def worked() -> float:
    """Seconds of the processor: of this process, and of that which reads HDF5 for it, where systems tell."""
    number = SHARED.number
    more = time.clock_gettime(~number << 3 | 2) if number and sys.platform == "linux" else 0.0
    return time.process_time() + more


def memory_folder() -> str | None:
    """A folder of files that no disk holds, where this system has one."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _hang(*_: object) -> None:
    raise _HangError


def keep(fault: Fault) -> Path:
    """Add what failed to the corpus."""
    path = CORPUS / fault.reader / hashlib.sha256(fault.content).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(fault.content)
    return path


def try_reader(name: str, arguments: argparse.Namespace) -> int:
    """Fuzz one reader and print what came of it; how many kinds of fault."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    faults: set[str] = set()

    def report(fault: Fault) -> None:
        if fault.problem[:60] not in faults:
            faults.add(fault.problem[:60])
            print(f"{fault.reader}: {fault.problem[:300]}: {fault.content[:200]!r}", flush=True)
            if arguments.keep:
                keep(fault)

    begin = time.process_time()
    tried = fuzz(READERS[name], arguments.inputs, arguments.seed, report, arguments.seconds)
    rate = tried.inputs / (time.process_time() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    taken = f"{100 * tried.taken / tried.inputs:3.0f} % taken as valid, {len(faults)} kinds of fault"
    slowest = f"slowest {1000 * tried.slowest:.0f} ms, {rate:,.0f} a second of the processor, peak {peak} MB"
    print(f"{name:10} seed {arguments.seed}: {tried.inputs:9,} inputs, {taken}, {slowest}", flush=True)
    return len(faults)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="for each reader (1,000,000)")
    parser.add_argument("--reader", nargs="+", choices=[*READERS], default=[*READERS], help="only these")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, help="go on to the next reader after so long")
    parser.add_argument("--keep", action="store_true", help="write what failed to tests/corpus")
    arguments = parser.parse_args()
    if len(arguments.reader) == 1:
        raise SystemExit(1 if try_reader(arguments.reader[0], arguments) else 0)
    rest = ["--inputs", str(arguments.inputs), "--seed", str(arguments.seed), *["--keep"] * arguments.keep]
    rest += ["--seconds", str(arguments.seconds)] if arguments.seconds else []
    ended = [
        subprocess.run([sys.executable, __file__, *rest, "--reader", name]).returncode for name in arguments.reader
    ]
    raise SystemExit(max(ended))


if __name__ == "__main__":
    main()
