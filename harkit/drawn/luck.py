"""The one source of chance: a stream of random numbers for each picture, so that any part can be drawn alone."""

from collections.abc import Mapping, Sequence

import numpy as np


class Luck:
    """Random choices from the stream that belongs to some numbers, such as (seed, index)."""

    def __init__(self, *numbers: int):
        self.rng = np.random.default_rng(list(numbers))
        self._random = self.rng.random

    def between(self, low: float, high: float) -> float:
        """A number anywhere between two."""
        return low + (high - low) * self._random()

    def around(self, middle: float, spread: float) -> float:
        """A number near the middle: bell-shaped, never further away than 2 spreads."""
        return middle + spread * (self._random() + self._random() + self._random() - 1.5) * 4 / 3

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._random() < probability

    def side(self) -> int:
        """-1 or 1."""
        return 1 if self._random() < 0.5 else -1

    def pick(self, options: Sequence | Mapping):
        """One of a sequence, all alike, or one key of a mapping from options to weights."""
        if not isinstance(options, Mapping):
            return options[int(self._random() * len(options))]
        left = self._random() * sum(options.values())
        for option, weight in options.items():  # noqa: B007 - the last option is the answer if rounding leaves a rest
            left -= weight
            if left < 0:
                break
        return option

    def tint(self, colour: tuple[int, int, int], amount: float = 10) -> tuple[int, int, int]:
        """A colour near this one."""
        return tuple(int(min(255, max(0, c + self.around(0, amount)))) for c in colour)
