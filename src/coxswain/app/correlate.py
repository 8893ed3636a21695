"""Estimate how accounts move together from their daily returns. Wants numpy, which is loaded when it is asked for.

Nothing of this is seen by the engine: what comes out is rounded to four digits and told to it by a command.
"""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DECAY = 0.94
"""Of a day's weight, each day after it."""
FOUR_DIGITS = Decimal("0.0001")


class Method(StrEnum):
    LEDOIT_WOLF = "ledoit-wolf"
    EWMA = "ewma"


class AnalyticsMissing(Exception):
    """numpy is not installed."""


def correlations(returns: Sequence[Sequence[Decimal]], method: Method) -> list[list[Decimal]]:
    """Return the matrix for rows of returns, a column an account. Accounts that never moved correlate with none."""
    try:
        import numpy as np
    except ImportError:
        raise AnalyticsMissing("correlations are estimated with numpy: pip install 'coxswain[analytics]'") from None
    rows = np.array([[float(value) for value in row] for row in returns], dtype=np.float64)
    covariance = ewma(rows) if method is Method.EWMA else ledoit_wolf(standardised(rows))[0]
    spread = np.sqrt(np.diag(covariance))
    scale = np.where(spread > 0, spread, 1.0)
    rho = np.clip(covariance / np.outer(scale, scale), -1.0, 1.0)
    np.fill_diagonal(rho, 1.0)
    return [[Decimal(repr(float(value))).quantize(FOUR_DIGITS) for value in row] for row in rho]


def standardised(rows: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Bring each column to mean 0 and variance 1: all accounts are shrunk alike, however large they trade."""
    import numpy as np

    spread = rows.std(axis=0)
    scaled: NDArray[np.float64] = (rows - rows.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return scaled


def ledoit_wolf(rows: "NDArray[np.float64]") -> "tuple[NDArray[np.float64], float]":
    """Return the covariance shrunk towards a multiple of the identity, and by how much.

    O. Ledoit and M. Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", Journal of
    Multivariate Analysis 88 (2004), 365-411, lemma 3.1 and section 3.3: with n rows x_k of p columns, mean 0,
    S = sum x_k x_k' / n, m = tr(S) / p, d^2 = |S - m I|^2 / p, b^2 = min(d^2, sum |x_k x_k' - S|^2 / (n^2 p)),
    the estimate is (b^2 / d^2) m I + (1 - b^2 / d^2) S.
    """
    import numpy as np

    centred = rows - rows.mean(axis=0)
    n, p = centred.shape
    sample = centred.T @ centred / n
    mean = float(np.trace(sample)) / p
    distance = float(np.sum((sample - mean * np.eye(p)) ** 2)) / p
    # |x x' - S|^2 summed over the rows is sum |x|^4 - n |S|^2.
    noise = (float(np.sum(np.sum(centred**2, axis=1) ** 2)) / n - float(np.sum(sample**2))) / (n * p)
    weight = 0.0 if distance == 0 else min(noise, distance) / distance
    shrunk: NDArray[np.float64] = weight * mean * np.eye(p) + (1 - weight) * sample
    return shrunk, weight


def ewma(rows: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the covariance with each day weighing 0.94 of the one after it, around 0 (RiskMetrics, 1996)."""
    import numpy as np

    weights = DECAY ** np.arange(len(rows) - 1, -1, -1, dtype=np.float64)
    covariance: NDArray[np.float64] = (rows * (weights / weights.sum())[:, None]).T @ rows
    return covariance
