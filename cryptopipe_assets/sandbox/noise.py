"""Seeded randomness that can be entered anywhere: every stream has a name and a position."""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def stream(seed: int, name: str, position: int = 0) -> np.random.Generator:
    """Return the generator of one named stream at one position, independent of all others."""
    return np.random.Generator(np.random.PCG64([seed, crc32(name.encode()), position]))


def mean_reverting(shocks: Floats, memory: float) -> Floats:
    """Sum the shocks so far, each fading by ``memory`` per step; starts at the first shock.

    A shock is forgotten once it has faded below 0.1 %, which keeps the sum a short convolution.
    """
    steps = int(np.ceil(np.log(1e-3) / np.log(memory)))
    faded: Floats = np.convolve(shocks, memory ** np.arange(steps))[: len(shocks)]
    return faded


def bridge(steps: Floats, variance: Floats, total: Floats) -> Floats:
    """Accumulate steps along the last axis so that each row ends exactly at ``total``.

    The correction is spread in proportion to ``variance``, as in a Brownian bridge; a step of
    zero variance stays a step of zero.
    """
    path = np.cumsum(steps, axis=-1)
    spent = np.cumsum(variance, axis=-1)
    share = spent / spent[..., -1:]
    bridged: Floats = path - share * (path[..., -1:] - total[..., None])
    bridged[..., -1] = total
    return bridged
