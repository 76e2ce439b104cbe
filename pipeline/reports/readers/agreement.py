"""Agreement of readers: rule of Obare, third reader, Bland and Altman, share within a quarter.

M. Dhorda and others, Malar. J. 19 (2020) 281, table 3, states the rule of Obare: two readings are discordant
where the chance of both, drawn from a distribution about their mean density, is below 10%, and one of them at
least lies above 200 parasites per µL. Drawn as Poisson counts, with the chance of each the two-sided one, the
rule calls 15% of readings of one film discordant, as that table has it.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import InputError
from pipeline.reports.readers.reading import Reading
from pipeline.reports.readers.readings import Reader

__all__ = [
    "WITHIN",
    "Comparison",
    "PairOfReaders",
    "ReadSlide",
    "chance_of_both",
    "compared",
    "is_discordant",
]

RARE = 0.10
"""Chance of both readings below which they are discordant (Dhorda 2020, table 3)."""
LEAST_FRACTION = 200 / 5_000_000
"""200 parasites per µL (the same table) as a fraction of 5,000,000 red cells."""
WITHIN = 0.25
"""WHO, Malaria microscopy quality assurance manual, version 2 (2016): a count within 25% agrees."""
LIMITS_SD = 1.96
"""Of the limits of agreement (J. M. Bland and D. G. Altman, Lancet 327 (1986) 307)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOfReaders:
    """Two readers over the slides that both read.

    Attributes
    ----------
    bias, low, high : mean difference second - first and its 95% limits of agreement, percentage points;
        the limits are None with one slide.
    within : slides on which the second lies within a quarter of the first; of : slides where that is told.
    discordant, opposed : slides that are discordant by the rule of Obare; on which only one saw parasites.
    """

    first: str
    second: str
    slides: int
    bias: float
    low: float | None
    high: float | None
    within: int
    of: int
    discordant: int
    opposed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSlide:
    """One slide and its readings, None where a reader has none.

    Attributes
    ----------
    discordant, opposed : of its first two readings.
    third_needed : whether a third reader is called for and has not read it.
    final : mean of both, or of the two closest of three and more; None where a third must read it.
    """

    slide: str
    readings: tuple[Reading | None, ...]
    discordant: bool
    opposed: bool
    third_needed: bool
    final: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All readers, pair by pair and slide by slide."""

    readers: tuple[str, ...]
    pairs: tuple[PairOfReaders, ...]
    slides: tuple[ReadSlide, ...]


def compared(readers: Sequence[Reader]) -> Comparison:
    """Compare two readers or more over the slides that two of them read at least.

    Raises
    ------
    InputError
        Where there are fewer than two readers, or two have no slide in common.
    """
    if len(readers) < 2:
        raise InputError(f"{len(readers)} reader was given, expected two or more; name another")
    pairs = [_pair(first, second) for first, second in itertools.combinations(readers, 2)]
    names = sorted({name for reader in readers for name in reader.readings})
    slides = [_slide(name, [reader.readings.get(name) for reader in readers]) for name in names]
    return Comparison(
        readers=tuple(reader.name for reader in readers),
        pairs=tuple(pairs),
        slides=tuple(slide for slide in slides if slide is not None),
    )


def chance_of_both(first: Reading, second: Reading) -> float:
    """Chance of two readings so far from their mean fraction, both Poisson counts: product of the two.

    The chance of one is two-sided: twice that of the tail it lies in, at most 1.
    """
    mean = (first.fraction + second.fraction) / 2
    return math.prod(_two_sided(one.infected, mean * one.counted) for one in (first, second))


def is_discordant(first: Reading, second: Reading) -> bool:
    """The rule of Obare."""
    dense = max(first.fraction, second.fraction) > LEAST_FRACTION
    return dense and chance_of_both(first, second) < RARE


def _two_sided(seen: int, expected: float) -> float:
    from scipy.special import pdtr, pdtrc

    if expected <= 0:
        return 1.0
    below = float(pdtr(seen, expected))
    above = float(pdtrc(seen - 1, expected)) if seen else 1.0
    return min(1.0, 2 * min(below, above))


def _pair(first: Reader, second: Reader) -> PairOfReaders:
    both = [
        (reading, second.readings[name])
        for name, reading in first.readings.items()
        if name in second.readings
    ]
    if not both:
        one, other = (sorted(reader.readings)[0] for reader in (first, second))
        raise InputError(
            f"{first.name} and {second.name} have no slide in common (found, for one, {one} and {other}); "
            "name the slides alike in both"
        )
    differences = [100 * (b.fraction - a.fraction) for a, b in both]
    bias = math.fsum(differences) / len(both)
    spread = None
    if len(both) > 1:
        spread = LIMITS_SD * math.sqrt(math.fsum((d - bias) ** 2 for d in differences) / (len(both) - 1))
    told = [(a, b) for a, b in both if a.infected]
    return PairOfReaders(
        first=first.name,
        second=second.name,
        slides=len(both),
        bias=bias,
        low=None if spread is None else bias - spread,
        high=None if spread is None else bias + spread,
        within=sum(abs(b.fraction - a.fraction) <= WITHIN * a.fraction for a, b in told),
        of=len(told),
        discordant=sum(is_discordant(a, b) for a, b in both),
        opposed=sum(_opposed(a, b) for a, b in both),
    )


def _opposed(first: Reading, second: Reading) -> bool:
    return (first.infected == 0) != (second.infected == 0)


def _slide(name: str, readings: Sequence[Reading | None]) -> ReadSlide | None:
    given = [reading for reading in readings if reading is not None]
    if len(given) < 2:
        return None
    discordant, opposed = is_discordant(given[0], given[1]), _opposed(given[0], given[1])
    third_needed = (discordant or opposed) and len(given) == 2
    return ReadSlide(
        slide=name,
        readings=tuple(readings),
        discordant=discordant,
        opposed=opposed,
        third_needed=third_needed,
        final=None if third_needed else _final(given, by_three=discordant or opposed),
    )


def _final(given: Sequence[Reading], *, by_three: bool) -> float:
    """Mean of the first two where they agree, else of the two of all that are closest."""
    chosen = given if by_three else given[:2]
    fractions = sorted(one.fraction for one in chosen)
    low, high = min(itertools.pairwise(fractions), key=lambda pair: pair[1] - pair[0])
    return (low + high) / 2
