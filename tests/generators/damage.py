"""Broken files for the readers: valid bytes with some of them changed, lost, doubled, spliced or cut off."""

from random import Random

from hypothesis import strategies as st

NUMBERS = (b"-1", b"0", b"1", b"2", b"3", b"255", b"256", b"65536", b"2147483648", b"4294967296", b"1e999", b"-1e999")
NUMBERS = (*NUMBERS, b"nan", b"inf", b"0.5", b"1e-46", b"18446744073709551616", b"9" * 400, b"1e300", b"-0.0", b"null")
BYTES = (0, 1, 9, 10, 13, 34, 44, 45, 46, 91, 92, 93, 123, 125, 127, 128, 255)


def mutations(valid: bytes) -> st.SearchStrategy[bytes]:
    """`valid` after some accidents."""
    return st.integers(0, 2**32 - 1).map(lambda seed: mutate(Random(seed), valid, [valid]))


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
