"""The arithmetic of bench/compare: medians with intervals, and what they say about a bar. Nothing here knows of brokers."""

import dataclasses
import math
import random

LEVEL = 0.95
ROUNDS = 10_000
# The median of fewer values lies between the least and the greatest of them with less than 95 %: 1 - 2 ** (1 - 5) = 0.94.
PAIRS_MIN = 6

MET, MISSED, UNDECIDED = "met", "missed", "undecided"


def median(values):
    """Of at least one value."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def ratio(ours, theirs):
    if theirs != 0:
        return ours / theirs
    return 1.0 if ours == 0 else math.inf


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A median, the interval in which it lies with 95 %, and the number of values behind them."""

    median: float
    low: float
    high: float
    count: int


def estimate(values, seed=1):
    """By the bootstrap: the medians of many samples drawn from the values, with putting back. The same values give the same
    interval."""
    values = list(values)
    draw = random.Random(seed)
    medians = sorted(median(draw.choices(values, k=len(values))) for _ in range(ROUNDS))
    outside = (1 - LEVEL) / 2
    low, high = math.floor(outside * (ROUNDS - 1)), math.ceil((1 - outside) * (ROUNDS - 1))
    return Estimate(median(values), medians[low], medians[high], len(values))


@dataclasses.dataclass(frozen=True)
class Bar:
    """What must hold for one figure of one row: of the ratio to Apache Kafka, or of our own figure."""

    row: str
    figure: str
    limit: float
    at_least: bool = False
    # The bar is set for the upper end of the interval itself, which is above it or not: there is nothing undecided.
    upper_end: bool = False
    own: bool = False

    def judge(self, of):
        """Met or missed when the whole interval is on one side of the bar."""
        if of.count < PAIRS_MIN:
            return UNDECIDED
        if of.low >= self.limit if self.at_least else of.high <= self.limit:
            return MET
        beyond = of.high < self.limit if self.at_least else of.low > self.limit
        return MISSED if beyond or self.upper_end else UNDECIDED
