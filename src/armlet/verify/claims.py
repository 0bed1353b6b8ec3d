"""What is claimed of the programs of all kinds of builds alike: proved, exact to the bit, near the float64 network."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from armlet.build import names
from armlet.network.frozen import F32
from armlet.simulate.vectors import Trials
from armlet.verify.findings import Findings

Values = TypeVar("Values", bound=NDArray[Any])


class _Proof(Protocol):
    @property
    def problem(self) -> str: ...

    @property
    def late(self) -> str: ...


def check_proved(name: str, entry: str, proof: _Proof, detail: str, found: Findings) -> bool:
    """What came of the proof of an entry of build `name`; whether it is proved."""
    if entry == names.run_symbol(name) and not proof.problem:
        claim = f"{entry} may be given one array for inputs and outputs"
        found.add(claim, proof.late, "it reads its last input before it writes its first output")
    return found.add(f"{entry} is proved from its bytes for every input", proof.problem, detail)


def check_exact(
    call: Callable[[Values], Values], entry: str, tried: Trials[Any], expected: Values, kept: str, found: Findings
) -> None:
    """Run `entry` on all inputs; `kept` says what else each run is looked at for."""
    problem = ""
    for x, wanted, label in zip(tried.inputs, expected, tried.labels):
        given = call(x)
        wrong = np.flatnonzero(bits(given) != bits(wanted))
        if len(wrong):
            j = int(wrong[0])
            problem = f"output {j} of {label} is {given[j]!s}, must be {wanted[j]!s} ({len(wrong)} outputs differ)"
            break
    found.add(f"{entry} is exact to the bit", problem, f"{len(tried.labels)} inputs{kept}")


def bits(values: NDArray[Any]) -> NDArray[Any]:
    """What is compared: of float32 the patterns, in which zeros of both signs differ and NaNs may be equal."""
    return values.view(np.uint32) if values.dtype == np.float32 else values


def check_bound(
    exact: NDArray[np.float64], labels: Sequence[str], expected: F32, bound: NDArray[np.float64], found: Findings
) -> None:
    """That the declared order stays within `bound` of the outputs in float64."""
    distance = np.abs(expected.astype(np.float64) - exact)
    outside = np.argwhere(~(distance <= bound))
    at = np.unravel_index(int(np.argmax(distance)), distance.shape)
    found.worst = float(distance[at]), float(bound[at])
    problem = ""
    if len(outside):
        i, j = outside[0].tolist()
        problem = f"output {j} of {labels[i]} is {distance[i, j]:.3g} off, the bound is {bound[i, j]:.3g}"
    detail = f"at most {found.worst[0]:.3g} off, proven {found.worst[1]:.3g}"
    found.add("the declared order computes the float64 network", problem, detail)
