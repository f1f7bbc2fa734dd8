"""Choose sites that together serve most for their effort: maximal cover, greedily.

A chosen site counts what no site before it serves. However far one goes down the list, the sum is at least 1 - 1/e
(63 %) of the most that any sites of the same effort together can serve: of as many sites, where all are of one effort
(Nemhauser, Wolsey and Fisher 1978; with efforts Khuller, Moss and Naor 1999). The tests hold it against exact optima.
Marginal gains are computed again only where they may be the largest (Minoux 1978).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

DIGITS: Final = 9  # of figures that are compared: the last bits of a sum are no reason to prefer a site

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cover:
    """Hold the chosen sites in order, the gain that each adds, and which of them serves each demand (-1: none).

    `server` are positions in `site`: the first chosen site that serves the demand, so each is counted once.
    """

    site: Ints
    added: Floats
    server: Ints


def greedy_cover(site: Ints, demand: Ints, *, gain: Floats, effort: Floats, least_gain: float) -> Cover:
    """Choose sites one by one, each time the one that adds most per effort, until that is less than `least_gain`.

    `site` and `demand` are pairs of numbers, in any order: that site serves that demand. A pair given twice counts
    once. `gain` is the worth of each demand, ≥ 0; `effort` what each site takes, > 0, in any unit. Of sites that add as
    much per effort the lower number is chosen, so number them by preference. A site that adds nothing is never chosen.
    """
    sites = len(effort)
    pair = np.sort(site.astype(np.int64) * max(1, len(gain)) + demand)
    by, served = np.divmod(pair[np.diff(pair, prepend=-1) != 0], max(1, len(gain)))
    start = np.searchsorted(by, np.arange(sites + 1))
    open_gain = gain.astype(float)
    server = np.full(len(gain), -1, dtype=np.int64)
    first = np.bincount(by, open_gain[served], minlength=sites)
    heap = [
        (-round(float(worth) / float(effort[number]), DIGITS), number)
        for number, worth in enumerate(first)
        if worth > 0
    ]
    heapq.heapify(heap)
    chosen: list[int] = []
    added: list[float] = []
    while heap:
        claimed, number = heapq.heappop(heap)
        if -claimed < least_gain:
            break  # what was claimed is the most that any site can add per effort now
        mine = served[start[number] : start[number + 1]]
        worth = float(open_gain[mine].sum())
        if round(worth, DIGITS) <= 0:
            continue
        now = (-round(worth / float(effort[number]), DIGITS), number)
        if heap and now > heap[0]:
            heapq.heappush(heap, now)
            continue
        if -now[0] < least_gain:
            break
        server[mine[server[mine] < 0]] = len(chosen)
        open_gain[mine] = 0.0
        chosen.append(number)
        added.append(worth)
    return Cover(np.array(chosen, dtype=np.int64), np.array(added, dtype=float), server)
