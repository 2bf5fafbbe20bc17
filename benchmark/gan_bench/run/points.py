"""The points of a study: scrambled Sobol points of its space, the same for every row."""

from __future__ import annotations

import json
from typing import Any

from gan_bench.base import rng
from gan_bench.base.text import plural
from gan_bench.contract.errors import UsageError
from gan_bench.contract.schedule import Schedule
from gan_bench.contract.space import Space

SEED = 0  # every study of a space has the same points
TRIED = 64  # points that are drawn for each trial, where many repeat others


def points(space: Space, trials: int, default: Schedule) -> list[dict[str, Any]]:
    """What each trial changes of the default schedule; the first one nothing.

    Points that repeat an earlier one are left out, so the first trials stay the same when there
    are more of them. UsageError if the space has not that many.
    """
    found = [dict[str, Any]()]
    seen = {_key(default.model_dump())}
    for shares in rng.spread(SEED, "space", TRIED * trials, len(space.axes)):
        if len(found) == trials:
            break
        settings = space.settings(shares, default)
        if (key := _key(default.model_dump() | settings)) not in seen:
            seen.add(key)
            found.append(settings)
    if len(found) < trials:
        raise UsageError(
            f"--trials {trials}: the space has {plural(len(found), 'different point')}, with the "
            "default: lower --trials, or widen the space"
        )
    return found


def _key(fields: dict[str, Any]) -> str:
    return json.dumps(fields, sort_keys=True)
