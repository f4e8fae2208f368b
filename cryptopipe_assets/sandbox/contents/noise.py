"""Seeded randomness that can be entered anywhere: every stream has a name and a position."""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from cryptopipe_assets.core.time import DAY_MS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_WORD = 2**64
_BOTH_ENDS = np.array([[0], [1]])


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


def grain(seed: int, name: str, positions: Ints) -> Floats:
    """Return one draw per position, uniform in [-1, 1), each independent of all others.

    Like a `stream` asked for its first number at many positions, but at the cost of one array
    operation: the bits come from mixing the position (splitmix64), not from a generator.
    """
    key = (seed * 0x9E3779B97F4A7C15 + crc32(name.encode()) * 0xD1B54A32D192ED03) % _WORD
    bits = positions.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(key)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    draws: Floats = (bits >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1
    return draws


def wander(seed: int, name: str, instants: Ints, spans: tuple[float, ...]) -> Floats:
    """Return a smooth curve of mean 0 and standard deviation about 1 at the instants.

    It is a sum of eased lines between random heights, one per span (days between two heights);
    longer spans weigh more, in proportion to the root of their length, as a random walk would.
    """
    curve = np.zeros(len(instants))
    for days in spans:
        place, within = np.divmod(instants, round(days * DAY_MS))
        at, after = grain(seed, f"{name} {days}", place + _BOTH_ENDS)
        share = within / (days * DAY_MS)
        curve += np.sqrt(days) * (at + (after - at) * share * share * (3 - 2 * share))
    smooth: Floats = curve / (0.5 * np.sqrt(sum(spans)))
    return smooth
