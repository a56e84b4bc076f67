"""Integer square root."""

from __future__ import annotations

import numpy as np

from touchstone.arithmetic.rounding import Int64


def integer_sqrt(values: Int64) -> Int64:
    """The largest r with r * r <= value, for values in [0, 2^62).

    The float64 root is off by one at most, since 2^62 and its root are far apart in float64
    only below the unit; the two corrections make it exact.
    """
    root = np.floor(np.sqrt(values.astype(np.float64))).astype(np.int64)
    root = np.where(root * root > values, root - 1, root)
    return np.where((root + 1) * (root + 1) <= values, root + 1, root)
