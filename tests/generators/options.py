"""Random wishes to the compiler: every one that changes the code, the annealing short."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from armlet.arithmetic.arithmetics import ARITHMETICS
from armlet.config import AnnealOptions, CompileOptions
from armlet.isa.targets import TARGETS

QUICK = CompileOptions(anneal=AnnealOptions(moves=50))


@st.composite
def options(draw: st.DrawFn) -> CompileOptions:
    """Few registers and short batches, which shrink towards the default."""
    return replace(
        QUICK,
        registers=draw(st.none() | st.integers(2, 8)),
        batch=draw(st.none() | st.integers(1, 5)),
        inputs=draw(st.sampled_from(["free", "natural", "auto"])),
        multiply_add=draw(st.sampled_from([each.rounding for each in ARITHMETICS])),
        simplify=draw(st.booleans()),
        outputs=draw(st.sampled_from(["auto", "memory"])),
    )


def draw_options(rng: np.random.Generator) -> CompileOptions:
    """Any target, any number of registers, any rescaling."""
    moves, chains = int(rng.choice([0, 20, 200])), int(rng.integers(1, 3))
    return CompileOptions(
        target=str(rng.choice([*TARGETS])),
        registers=None if rng.random() < 0.2 else int(rng.integers(2, 25)),
        batch=None if rng.random() < 0.5 else int(rng.integers(1, 17)),
        inputs=str(rng.choice(["free", "natural"])),
        multiply_add=str(rng.choice(["separate", "fused"])),
        simplify=bool(rng.random() < 0.8),
        outputs=str(rng.choice(["auto", "memory"])),
        rescale=str(rng.choice(["none", "free", "any"])),
        seed=int(rng.integers(1 << 31)),
        anneal=AnnealOptions(moves=moves, chains=chains),
    )
