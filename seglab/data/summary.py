"""What a look into a folder of images and masks finds: the numbers that a page and the command line show, and what is wrong by name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from seglab.data.domains import Colour

NAMED = 8  # problems in a sentence; of more the number is told
Size = tuple[int, int]


@dataclass(frozen=True)
class Summary:
    """A folder's pairs, channels (1 or 3), classes with a colour and a share of all pixels each, the smallest and the largest size (H, W).

    With `problems` it cannot be trained on; `notes` are only worth knowing. Both are sentences without their full stop.
    """

    pairs: int
    channels: int
    classes: tuple[str, ...]
    colours: tuple[Colour, ...]
    shares: tuple[float, ...]
    smallest: Size
    largest: Size
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def refuse(self, called: str) -> None:
        """Raise ValueError that lists the problems, if there are any, of what is `called` so.

        >>> Summary(1, 1, (), (), (), (8, 8), (8, 8), tuple("abcdefghi")).refuse("cats")
        Traceback (most recent call last):
        ValueError: cats cannot be used: a; b; c; d; e; f; g; h, and 1 more
        """
        if self.problems:
            more = f", and {len(self.problems) - NAMED} more" if len(self.problems) > NAMED else ""
            raise ValueError(f"{called} cannot be used: {'; '.join(self.problems[:NAMED])}{more}")

    def as_json(self) -> dict[str, Any]:
        """Plain data that `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Summary:
        """A summary from stored data.

        >>> found = Summary(2, 3, ("a", "b"), ((0, 0, 0), (9, 9, 9)), (0.5, 0.5), (8, 9), (10, 11))
        >>> import json
        >>> Summary.from_json(json.loads(json.dumps(found.as_json()))) == found
        True
        """
        tuples = {name: tuple(value) for name, value in data.items() if isinstance(value, list)}
        return cls(**{**data, **tuples, "colours": tuple((r, g, b) for r, g, b in data["colours"])})
