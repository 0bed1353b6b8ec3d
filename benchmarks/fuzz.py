"""Broken files for every reader: whatever the bytes, the answer is a value or an `InputError` of one line.

    python benchmarks/fuzz.py [--inputs N] [--reader NAME] [--seed K] [--seconds S] [--keep]

Valid files, and the kept ones of tests/corpus/, have bytes changed, cut, doubled, spliced, and numbers put in place of
numbers; containers are changed inside and packed again, so that checksums do not hide what is behind them. A fault is
any other exception, a warning, a message of two lines, more than a second of processor time, or memory beyond 1 GB (the
process is limited to that). With --keep what failed joins the corpus. Exit code 1 where anything failed.
"""

import argparse
import hashlib
import resource
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

from armlet.errors import InputError
from memory import FILES, in_memory
from readers import READERS, Reader

CORPUS = Path(__file__).parent.parent / "tests" / "corpus"
MEMORY = 1 << 30  # bytes of address space, the interpreter and numpy included
SECONDS = 1.0  # of the processor for one input
HANG = 60.0  # seconds of the processor for 256 inputs, or the input is given up
NUMBERS = (b"-1", b"0", b"1", b"2", b"3", b"255", b"256", b"65536", b"2147483648", b"4294967296", b"1e999", b"-1e999")
NUMBERS = (*NUMBERS, b"nan", b"inf", b"0.5", b"1e-46", b"18446744073709551616", b"9" * 400, b"1e300", b"-0.0", b"null")
BYTES = (0, 1, 9, 10, 13, 34, 44, 45, 46, 91, 92, 93, 123, 125, 127, 128, 255)


@dataclass(frozen=True)
class Fault:
    """An input that was not refused as it should."""

    reader: str
    content: bytes
    problem: str


class _HangError(BaseException):
    """Raised out of a reader that does not end."""


def mutate(rng: Random, content: bytes, others: list[bytes]) -> bytes:
    """`content` after one to six accidents, most near its start, where formats keep their headers."""
    if rng.random() < 0.03:
        return rng.randbytes(rng.randrange(200))
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        near = min(len(data), 160) if rng.random() < 0.5 else len(data)
        at = rng.randrange(near + 1)
        end = min(len(data), at + rng.randrange(1, 9))
        match rng.randrange(9):
            case 0 if at < len(data):
                data[at] = rng.choice(BYTES) if rng.random() < 0.5 else rng.randrange(256)
            case 1 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 2:
                del data[at:]
            case 3:
                del data[at:end]
            case 4:
                data[at:at] = rng.randbytes(rng.randrange(1, 9))
            case 5:
                data[at:at] = data[at : at + rng.randrange(1, 64)] * rng.choice((1, 2, 8))
            case 6:
                other = rng.choice(others)
                data[at:] = other[rng.randrange(len(other) + 1) :]
            case _:
                _renumber(rng, data, at)
    return bytes(data)


def _renumber(rng: Random, data: bytearray, at: int) -> None:
    """Another number in place of the first one from `at` on."""
    begin = next((i for i in range(at, len(data)) if 48 <= data[i] <= 57), None)
    if begin is not None:
        end = next((i for i in range(begin, len(data)) if not 48 <= data[i] <= 57), len(data))
        data[begin:end] = rng.choice(NUMBERS)


def inputs(reader: Reader, rng: Random, kept: list[bytes]) -> Iterator[bytes]:
    """Every kept file as it is, then broken ones without end."""
    yield from kept
    whole = [reader.pack(inner) for inner in reader.valid] + kept
    while True:
        if reader.is_packed and rng.random() < 0.6:
            yield reader.pack(mutate(rng, rng.choice(reader.valid), list(reader.valid)))
        else:
            yield mutate(rng, rng.choice(whole), whole)


def try_input(reader: Reader, content: bytes, path: Path) -> str:
    """What is wrong with how `reader` takes `content`; empty where nothing is."""
    begin, problem = time.perf_counter(), ""
    FILES[str(path)] = content
    try:
        reader.read(path)
    except InputError as refused:
        if "\n" in str(refused):
            problem = f"a message of several lines: {str(refused)!r}"
    except _HangError:
        problem = "does not end"
    except Exception as crash:
        problem = f"{type(crash).__name__}: {crash}"
    if problem or time.perf_counter() - begin < SECONDS:
        return problem
    before = time.process_time()  # it waited for others, or it is slow: only the processor's time tells
    with suppress(InputError):
        reader.read(path)
    taken = time.process_time() - before
    return f"takes {taken:.2f} s" if taken > SECONDS else ""


def fuzz(reader: Reader, count: int, seed: int, report: Callable[[Fault], None], seconds: float | None = None) -> int:
    """Try `count` inputs, or as many as `seconds` allow; how many were tried."""
    rng = Random(f"{reader.name} {seed}")
    kept = [path.read_bytes() for path in sorted((CORPUS / reader.name).glob("*"))]
    begin, done = time.monotonic(), 0
    before = signal.signal(signal.SIGPROF, _hang)
    with in_memory(), warnings.catch_warnings():
        warnings.simplefilter("error")
        path = reader.prepare(FILES)
        for content in islice(inputs(reader, rng, kept), count):
            if problem := try_input(reader, content, path):
                report(Fault(reader.name, content, problem))
            done += 1
            if not done % 256:
                signal.setitimer(signal.ITIMER_PROF, HANG)
            if seconds is not None and not done % 256 and time.monotonic() - begin > seconds:
                break
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)
    return done


def _hang(*_: object) -> None:
    raise _HangError


def keep(fault: Fault) -> Path:
    """Add what failed to the corpus."""
    path = CORPUS / fault.reader / hashlib.sha256(fault.content).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(fault.content)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="for each reader (1,000,000)")
    parser.add_argument("--reader", choices=[*READERS], help="only this one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, help="go on to the next reader after so long")
    parser.add_argument("--keep", action="store_true", help="write what failed to tests/corpus")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    faults: dict[str, Fault] = {}

    def report(fault: Fault) -> None:
        key = f"{fault.reader}: {fault.problem[:60]}"
        if key not in faults:
            faults[key] = fault
            print(f"{fault.reader}: {fault.problem[:300]}: {fault.content[:200]!r}", flush=True)
            if arguments.keep:
                keep(fault)

    for name in [arguments.reader] if arguments.reader else READERS:
        begin = time.monotonic()
        done = fuzz(READERS[name], arguments.inputs, arguments.seed, report, arguments.seconds)
        taken = time.monotonic() - begin
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(f"{name:10} {done:9,} inputs, {done / taken:7,.0f} a second, at most {peak} MB so far", flush=True)
    print(f"{len(faults)} kinds of fault", file=sys.stderr)
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
