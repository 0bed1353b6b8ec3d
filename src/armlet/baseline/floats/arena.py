"""Where the values of a network lie while its C program runs: one static array, shared by values that never meet."""

import math
from dataclasses import dataclass

from armlet.network.network import Network
from armlet.tensors.floats.planes import homes_of, lifetimes
from armlet.tensors.place import Lifetime, place
from armlet.tensors.rows import WORD


@dataclass(frozen=True, slots=True)
class Arena:
    """C expressions for the array of every value, the network's input first, and the floats of the one they share."""

    names: tuple[str, ...]
    floats: int


def arena(network: Network) -> Arena:
    """Values by lifetime; a reshape moves nothing, and what it gives has the array of what it takes."""
    homes, lives = homes_of(network), lifetimes(network)
    sizes = [math.prod(shape) for shape in network.shapes]
    inner = [home for home in lives if home not in (0, homes[-1])]
    starts = [start // WORD for start in place([Lifetime(sizes[home] * WORD, *lives[home]) for home in inner])]
    names = {home: f"arena + {start}" for home, start in zip(inner, starts)}
    names |= {homes[-1]: "output", 0: "input"}
    size = max((start + sizes[home] for home, start in zip(inner, starts)), default=0)
    return Arena(tuple(names[home] for home in homes), size)
