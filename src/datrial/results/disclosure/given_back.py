"""Whether numbers shown now would give back numbers that were hidden then.

What is known of then are the sums around the hidden numbers; what is known now is taken to be
every number. Whoever believes that people were only added since takes the number now as the
most that it can have been.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def stay_open(
    now: Mapping[int, int], sums: Sequence[tuple[Mapping[int, int], float]], width: int, coarse: int
) -> bool:
    """Tell whether each number of then could still have been many numbers.

    Parameters
    ----------
    now
        Number -> its value now.
    sums
        What was known then: number -> coefficient, and what these make together.
    width
        How far the least and the most that a number can have been must be from each other.
    coarse
        How far off, by rounding, what a sum makes may be.

    Returns
    -------
    bool
        True also where not all numbers can have grown: nobody can then believe that they did.
    """
    import numpy as np
    from scipy.optimize import linprog

    if not sums:
        return True
    place = {number: position for position, number in enumerate(now)}
    matrix = np.zeros((len(sums), len(place)))
    total = np.array([left for _, left in sums])
    for row, (entries, _) in enumerate(sums):
        for number, times in entries.items():
            matrix[row, place[number]] = times
    both, ends = np.vstack([matrix, -matrix]), np.concatenate([total, -total]) + coarse + 1e-9
    bounds = [(0.0, float(value)) for value in now.values()]
    for position in place.values():
        found = []
        for sign in (1.0, -1.0):
            costs = np.zeros(len(place))
            costs[position] = sign
            answer = linprog(costs, A_ub=both, b_ub=ends, bounds=bounds, method="highs")
            if answer.x is None or not answer.success:
                return True
            found.append(sign * answer.fun)
        if found[1] - found[0] < width - 1e-6:
            return False
    return True
