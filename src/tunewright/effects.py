"""What is due to the configuration, what to the fold, and what to chance.

Folds differ in difficulty, often by more than good configurations differ from each other. So the plain mean of a configuration that
was stopped after two folds says more about these folds than about it. The scores of n configurations on m cells (a cell is one fold
with one seed) are seen as an additive mixed model

    y_ij = mu + a_i + b_j + e_ij,     a_i ~ N(0, s_a^2),  b_j ~ N(0, s_b^2),  e_ij ~ N(0, s_i^2)

with variances by restricted likelihood [1], here in closed form but for two ratios, lambda = s_a^2 / s^2 and kappa = s_b^2 / s^2. What
they are is never sure, and with few configurations hardly known, so everything is the mean over a grid of them, weighed by the likelihood. Bad configurations are often far noisier than good ones, so each has a noise of its own, s_i^2, moderated. The likelihood of what was seen does not depend on why the rest was
not: stopping by a rule that looked at the scores (a race) does not bias it, as it would bias the difference of two fold means [2].

Where noise is skewed towards bad scores (times, losses with a long tail), a lucky configuration looks surer than it is, and the luckiest the surest: in expectation the
variance over the cells of one that was lucky by d is off by gamma s d, where gamma is the skewness, since the covariance of a mean and a variance over the same n
numbers is their third moment / n. So that much is put back, as far as the skewness is surely there. Of zeros and ones, or any c in place of 1, whose variance is c^2 p (1 - p), p is half-way from the mean of all to the posterior mean, for
all that one cell can say is in it.

With fewer than three configurations on several cells no variance is told from another, nor is there one of scores beyond 1e150; values are then adjusted by least squares, in which a_i
and b_j are free. So they are where this leaves nothing over: who agrees with another on all cells that both met is worth the same.

Of a configuration evaluated on the cells S_i, the *adjusted* value is the mean of y_ij - b_j over S_i. For a given set of cells it is
unbiased, whichever they were. Its variance is s^2 (1/|S_i| + r), and that of the estimated cell effects; r = n_test / n_train stands for what
all folds share because their training sets overlap [3]. The *posterior* mean draws it towards mu by as much as its variance asks for;
among many configurations the best posterior mean is not the luckiest value.

[1] Patterson & Thompson, Recovery of inter-block information when block sizes are unequal, Biometrika 58, 1971.
[2] Rubin, Inference and missing data, Biometrika 63, 1976.
[3] Nadeau & Bengio, Inference for the Generalization Error, Machine Learning 52, 2003, eq. (9).
[4] Smyth, Linear models and empirical Bayes methods for assessing differential expression, SAGMB 3, 2004.
"""

from typing import Final, NamedTuple

import numpy as np
from scipy.special import gammaln

from tunewright.sameness import DIGITS, LARGEST, alike, are_chances, rounded
from tunewright.typing import Array, Indices, Mask

__all__ = ["Effects", "effects"]

_FENCE: Final = 3.0
_HUGE: Final = 1e280
_FAR: Final = 1e75
"""So many ranges of the bulk from its middle, whose fourth power is still a number, a divergence is at most."""

_RATIOS: Final = np.logspace(-3, 4, 15)
_KAPPAS: Final = np.logspace(-1, 4, 6)
_SOME: Final = 1e-6
_MODERATE: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Degrees of freedom that the common variance may count for."""

_ROUNDS: Final = 8
_NEXT_TO_NONE: Final = 1e-4
"""Noise, of the squared range of the table, below which there may be none at all."""

_ROUNDING: Final = 1e-24
"""Variance, of that of the whole table, below which nothing but the rounding of sums is left."""

_LEAST_NOISY: Final = 0.1
_LEAST: Final = 3
"""Configurations on at least two cells, below which no variance is told from another."""


class Effects(NamedTuple):
    """What the scores of a study say of its configurations; smaller is better.

    Attributes:
        values: adjusted for the cells that each configuration met, shape (n,); NaN where it met none.
        variances: of `values` as estimates of what the configurations are worth, shape (n,); NaN where it cannot be told.
        counts: cells that each met, shape (n,).
        posterior: `values` drawn towards their mean as far as chance explains them, shape (n,).
        spread: posterior standard deviations, shape (n,); NaN as `variances`.
        cells: b_j, shape (m,).
        covariance: of `cells`, shape (m, m).
        noises: s_i^2, of each configuration on one cell, shape (n,); NaN where it cannot be told.
        noise: s^2, of the less noisy ones; NaN likewise.
        between: s_a^2, of what the configurations are worth, the share that folds have in common taken off; NaN likewise.
        mean: mu.
        overlap: r.
        freedom: degrees of freedom of `noises`, shape (n,); NaN likewise.
        chances: whether all scores are 0 or one other value, so that equal ones mean little.
    """

    values: Array
    variances: Array
    counts: Array
    posterior: Array
    spread: Array
    cells: Array
    covariance: Array
    noises: Array
    noise: float
    between: float
    mean: float
    overlap: float
    freedom: Array
    chances: bool = False


def effects(table: Array, overlap: float = 0.0, folds: Indices | None = None) -> Effects:
    """Take the scores of n configurations on m cells apart.

    Args:
        table: losses, shape (n, m), NaN where a configuration did not meet a cell.
        overlap: test rows for each training row, n_test / n_train; 0 for cells that share no data (seeds).
        folds: of which fold each cell is, shape (m,): all folds count the same in what configurations are worth, also where some were met with
            more seeds than others. Default: all cells do.

    Rows that are the same are one configuration under several names, and count once: many of them would lend the cells their own chance.
    """
    if folds is not None:
        sizes = np.unique(folds[np.isfinite(table).any(axis=0)], return_counts=True)[1]
        folds = folds if len(np.unique(sizes)) > 1 else None  # cells count the same, and so do folds
    if table.shape[1] < 2 or are_chances(table[np.isfinite(table)]):  # of two values, many rows are the same by chance
        return _apart(table, overlap, folds)
    places: dict[bytes, int] = {}
    table_rounded = rounded(np.where(np.isfinite(table), table, np.nan))
    whose = np.array([places.setdefault(row.tobytes(), len(places)) for row in table_rounded], int)
    first = np.unique(whose, return_index=True)[1]
    found = _apart(table[first], overlap, folds)
    by_row = ("values", "variances", "counts", "posterior", "spread", "noises", "freedom")
    return found._replace(**{name: getattr(found, name)[whose] for name in by_row})


def _apart(table: Array, overlap: float, folds: Indices | None) -> Effects:
    met = np.isfinite(table)
    counts = met.sum(axis=1)
    raw = _mean(table, met, counts)
    chances = are_chances(table[met]) and bool(((raw != 0) & (np.abs(raw) < np.abs(table[met]).max() * (1 - 1 / DIGITS))).any())
    bulk = (counts > 0) & (chances | _inside(raw.clip(-LARGEST, LARGEST)))
    free = met[bulk].sum() - met[bulk].any(axis=0).sum()
    kept = table[bulk][met[bulk]]
    if (counts[bulk] > 1).sum() < _LEAST or met.shape[1] < 2 or free < 2 or alike(kept) or np.abs(kept).max() > LARGEST:
        return _of_few(table, met, bulk, raw, overlap, folds)
    table, raw = table.clip(-LARGEST, LARGEST), raw.clip(-LARGEST, LARGEST)
    centre, scale = float(np.median(raw[bulk])), float(np.ptp(table[bulk][met[bulk]])) or 1.0
    centred = np.where(met, table - centre, 0.0).clip(-_FAR * scale, _FAR * scale) / scale
    fitted, noisy, freedom = _told_apart(centred, met, bulk, overlap, raw / scale if chances else None)
    known = np.isfinite(fitted.levels)
    shares = _shares(known, folds)
    level = float(shares[known] @ fitted.levels[known])
    cells = np.where(known, fitted.levels - level, 0.0) * scale
    noise, mean = fitted.noise * scale**2, centre + level * scale
    values = _joined(_mean(table - cells, met, counts), counts)
    between = fitted.between * scale**2
    contrast = np.where(met, 1.0, 0.0)[:, known] / np.maximum(counts, 1)[:, None] - shares[known]
    noises = noise * noisy
    doubt = np.einsum("ij,jk,ik->i", contrast, fitted.covariance[np.ix_(known, known)], contrast) * scale**2
    variances = np.where(counts > 0, noises * (1 / np.maximum(counts, 1) + overlap) + doubt, np.nan)
    # of the same cells the same weight, so that there the order is that of the values, also where all may be chance
    plain, least = noise * (1 / np.maximum(counts, 1) + overlap) + doubt, _SOME * noise
    weight = (between + least) / (between + least + plain) if noise > 0 else np.ones(len(table))
    posterior = mean + weight * (values - mean)
    if fitted.noise < _NEXT_TO_NONE and (exact := _aligned(table, met, bulk, raw, folds))[2]:
        values, cells, _ = exact  # the grid of kappa draws cells a little to 0, which is all that would tell such rows apart
        posterior = values
    return Effects(
        values,
        variances,
        counts,
        posterior,
        np.sqrt(weight * variances),
        cells,
        fitted.covariance * scale**2,
        noises,
        float(noise),
        float(between),
        mean,
        overlap,
        np.minimum(freedom, max(1, free - bulk.sum() + 1)),
        chances,
    )


def _told_apart(y: Array, met: Mask, bulk: Mask, overlap: float, chances: Array | None) -> tuple["_Fit", Array, Array]:
    """The model fitted to the bulk, how many times noisier than the typical row each is, and the degrees of freedom of that. Who is noisy is
    told from what the folds leave over, and the folds from those who are not.

    Args:
        y, met, bulk, overlap: scores less their middle on some scale, where there are any, who counts, and r.
        chances: means of zeros and ones, on that scale; None: they are none.
    """
    skewness, levels, less = _skewness(y, met, bulk), np.zeros(y.shape[1]), None
    if skewness or chances is not None:  # as if all were equally noisy: else the lucky ones have no noise, and hence no luck
        fitted = _fit(y[bulk], met[bulk], np.ones(int(bulk.sum())), overlap)
        levels, less = fitted.levels, skewness * _luck(y, met, fitted, overlap)
    for _ in range(2):
        noisy, freedom = _noisy(y, met, bulk, levels, less)
        if chances is not None:
            noisy = _of_chances(chances, _luck(y, met, fitted, overlap), bulk)
        fitted = _fit(y[bulk], met[bulk], noisy[bulk], overlap)
        levels = fitted.levels
    return fitted, noisy, freedom


def _shares(known: Mask, folds: Indices | None) -> Array:
    """What each cell counts for in the mean over all that are known: every fold the same, whatever number of cells it has."""
    shares = np.zeros(len(known))
    _, which, sizes = np.unique(np.flatnonzero(known) if folds is None else folds[known], return_inverse=True, return_counts=True)
    shares[known] = 1 / sizes[which] / max(1, len(sizes))
    return shares


def _of_few(table: Array, met: Mask, bulk: Mask, raw: Array, overlap: float, folds: Indices | None) -> Effects:
    """Values without anything that chance is told by."""
    counts, unknown, m = met.sum(axis=1), np.full(len(table), np.nan), met.shape[1]
    values, cells, _ = _aligned(table, met, bulk, raw, folds)
    middle = _middle(values[counts > 0]) if counts.any() else np.nan
    return Effects(
        values, unknown, counts, values, unknown, cells, np.zeros((m, m)), unknown, np.nan, np.nan, middle, overlap, unknown
    )


def _aligned(table: Array, met: Mask, bulk: Mask, raw: Array, folds: Indices | None) -> tuple[Array, Array, bool]:
    """Values adjusted for cells by least squares; the cells, whose mean is 0 wherever shared configurations lead from one to another; and
    whether both say all that there is, but for rounding.

    A row that met one cell fits itself and says nothing of the cells; so does a cell that nobody else met.
    """
    whole = met[met.any(axis=1)]
    if not len(whole) or (whole == whole[0]).all():  # nothing to adjust for, and not a digit to lose
        return raw if met.shape[1] < 2 else _joined(raw.copy(), met.sum(axis=1)), np.zeros(met.shape[1]), False
    table = table.clip(-LARGEST, LARGEST)
    centre = float(np.median(raw[bulk].clip(-LARGEST, LARGEST)))
    rest = np.where(met, table - centre, 0.0)
    scale = float(np.abs(rest[bulk]).max()) or 1.0
    y, seen = rest[bulk] / scale, met[bulk].astype(np.float64)
    counts = seen.sum(axis=1)
    information = np.diag(seen.sum(axis=0)) - seen.T @ (seen / counts[:, None])
    cells = np.linalg.pinv(information, hermitian=True) @ (y.sum(axis=0) - seen.T @ (y.sum(axis=1) / counts)) * scale
    cells = cells if folds is None else cells - _shares(np.asarray(met.any(axis=0)), folds) @ cells
    values = _mean(table - cells, met, met.sum(axis=1))
    left = np.where(met, table - cells - values[:, None], 0.0)[bulk]
    exact = met.all(axis=1) & (folds is None)  # their means
    values = _joined(np.where(exact, raw, values), met.sum(axis=1))
    return values, cells, float(np.abs(left).max()) * DIGITS < np.abs(table[bulk][met[bulk]]).max()


def _joined(values: Array, counts: Array) -> Array:
    """Those that differ by the rounding of sums alone are that of them which met most cells."""
    order = np.lexsort((-counts, values))
    half = values[order] / 2  # whose differences cannot overflow
    same = np.diff(half) <= np.abs(half[1:]) / DIGITS
    for group in np.split(order, np.flatnonzero(~same) + 1):  # NaN is like nothing
        values[group] = values[group[np.argmax(counts[group])]] if len(group) else values[group]
    return values


def _mean(table: Array, met: Mask, counts: Array) -> Array:
    seen = np.where(met, table, 0.0)
    unit = np.where(np.abs(seen).max(axis=1, initial=0.0) > _HUGE, 2.0**-64, 1.0)  # whose sum might overflow; nothing is rounded
    return np.where(counts > 0, (seen * unit[:, None]).sum(axis=1) / np.maximum(counts, 1) / unit, np.nan)


def _middle(values: Array) -> float:
    """The median; its halves are added, which cannot overflow."""
    ordered = np.sort(values)
    return float(ordered[(len(ordered) - 1) // 2] / 2 + ordered[len(ordered) // 2] / 2)


def _inside(raw: Array) -> Mask:
    """Which configurations are no divergences: those below the median plus three times the way from the best tenth to it."""
    known = np.unique(rounded(raw[np.isfinite(raw)]))  # where many are equally good, the others are not diverged for that
    if not len(known):
        return np.zeros(len(raw), bool)
    tenth, middle = np.quantile(known, [0.1, 0.5])
    return np.asarray(raw <= middle + _FENCE * (middle - tenth) + 1e-12 * abs(middle))


class _Fit(NamedTuple):
    levels: Array
    """mu + b_j; NaN where a cell was met by none."""
    covariance: Array
    noise: float
    between: float


def _luck(y: Array, met: Mask, fitted: "_Fit", overlap: float) -> Array:
    """By how much the mean of each row is off what it is worth, in expectation, shape (n,); below 0 it was lucky."""
    counts = np.maximum(met.sum(axis=1), 1)
    means = np.where(met, y - np.nan_to_num(fitted.levels), 0.0).sum(axis=1) / counts
    chance = fitted.noise * (1 / counts + overlap)
    whole = fitted.between + chance
    return np.asarray(means * np.divide(chance, whole, out=np.zeros_like(whole), where=whole > 0))


def _of_chances(raw: Array, luck: Array, bulk: Mask) -> Array:
    """How many times noisier than the mean of all each row of zeros and ones is: by what lies between that and its own worth, which holds luck still."""
    worth = np.abs(raw - luck).clip(0.0, 1.0)
    mean = float(worth[bulk].mean().clip(_SOME, 1 - _SOME))
    worth = (worth + mean) / 2
    noisy = (worth * (1 - worth) / (mean * (1 - mean))).clip(_LEAST_NOISY, None)
    return np.asarray(np.where(np.isfinite(noisy), noisy, 1.0))


def _skewness(y: Array, met: Mask, bulk: Mask) -> float:
    """Third moment of the noise within rows, in units of its variance, drawn to 0 by as much as chance may have made it; 0 if it is negative,
    for then who was lucky looks less sure than it is.
    """
    use = bulk & (met.sum(axis=1) > 2)
    seen, apart = met[use], np.where(met, y, 0.0)[use]
    for axis in (1, 0, 1):  # what is due to rows, to cells, and to rows beside these
        means = apart.sum(axis=axis, keepdims=True) / np.maximum(seen.sum(axis=axis, keepdims=True), 1)
        apart = np.where(seen, apart - means, 0.0)
    if len(seen) < _LEAST or not apart.any():
        return 0.0
    n = seen.sum(axis=1)
    variance, free = float((apart**2).sum() / (n - 1).sum()), int((n - 2).sum())
    third = float(((apart**3).sum(axis=1) * n / (n - 1)).sum() / free)  # k-statistics of the rows, by their degrees of freedom
    doubt = 6 / free * variance**3  # of normal noise
    return third / variance * (1 - doubt / third**2) if third > 0 and third**2 > doubt else 0.0


def _noisy(y: Array, met: Mask, bulk: Mask, levels: Array, less: Array | None = None) -> tuple[Array, Array]:
    """How many times noisier each row is than the better half, the typical one of it, and the degrees of freedom of that; each row's own
    variance is moderated [4].

    By `less`, shape (n,), variances are off by luck; None: by none. No more is put back than all rows have in the mean, and not all is taken
    away: outliers make the skewness unsure. Bad configurations are often far noisier than good ones, and would drown the folds of these.
    """
    counts = met.sum(axis=1)
    rest = np.where(met, y - np.nan_to_num(levels), 0.0)
    means = rest.sum(axis=1) / np.maximum(counts, 1)
    squares, free = (np.where(met, rest - means[:, None], 0.0) ** 2).sum(axis=1), np.maximum(counts - 1, 0)
    if less is not None:
        usual = free * (squares[bulk].sum() / free[bulk].sum())
        squares = np.clip(squares - free * less, _LEAST_NOISY * squares, np.maximum(squares, usual))
    several = np.flatnonzero((free > 0) & bulk)
    good = several[np.argsort(means[several], kind="stable")[: max(2, (len(several) + 1) // 2)]]
    typical, least = _moderation(squares[good], free[good])
    freedom = least + free
    if not typical > _ROUNDING * max(1.0, float(np.abs(np.nan_to_num(levels)).max(initial=0.0))) ** 2:
        return np.ones(len(y)), freedom
    noisy = np.where(bulk | (free < 1), 1.0, np.maximum(squares / np.maximum(free, 1) / typical, _LEAST_NOISY))
    for half in (good, np.setdiff1d(several, good)):
        if len(half):
            scale, prior = _moderation(squares[half], free[half])
            scale = max(scale, _LEAST_NOISY * typical)
            noisy[half] = (prior * scale + squares[half]) / (prior + free[half]) / typical
            freedom[half] = prior + free[half]
    return noisy, freedom


def _moderation(squares: Array, free: Array) -> tuple[float, float]:
    """The scale and the degrees of freedom of the scaled inverse chi-square that the variances of rows come from, by marginal likelihood.

    Source: Smyth 2004, eq. (2) and section 6, with the likelihood of the scaled F in place of the moments of its logarithm.
    """
    pooled = float(squares.sum() / free.sum())
    if not pooled > 0:
        return 0.0, _MODERATE[-1]
    prior = np.array(_MODERATE)[:, None]
    scale = np.full((len(prior), 1), pooled)
    for _ in range(_ROUNDS):  # expectation maximisation of the scale: the mean of the precisions is 1 / scale
        scale = 1 / ((prior + free) / (prior * scale + squares)).mean(axis=1, keepdims=True)
    fits = (
        gammaln((prior + free) / 2) - gammaln(prior / 2) + prior / 2 * np.log(prior * scale)
        - (prior + free) / 2 * np.log(prior * scale + squares)
    ).sum(axis=1)  # fmt: skip
    best = int(np.argmax(fits))
    return float(scale[best, 0]), float(prior[best, 0])


def _fit(y: Array, met: Mask, noisy: Array, overlap: float) -> _Fit:
    """The mean over lambda and kappa by restricted likelihood; y is 0 where not met, and row i is noisy_i times as noisy as the typical one."""
    counts, seen = met.sum(axis=1), np.asarray(met.any(axis=0))
    y, met = y[:, seen], met[:, seen].astype(np.float64)
    sums, cells = y.sum(axis=1), met.shape[1]
    sizes = np.unique(counts)
    rows = [counts == size for size in sizes]
    count = 1 / noisy  # what a row counts for
    pairs = np.array([met[row].T @ (count[row, None] * met[row]) for row in rows])
    pulls = np.array([met[row].T @ (count[row] * sums[row]) for row in rows])
    squares = np.array([(count[row] * sums[row] ** 2).sum() for row in rows])
    many = np.array([row.sum() for row in rows])
    free = met.sum() - 1
    whole, right_whole, square = count @ met, count @ y, float((count[:, None] * y**2).sum())
    # every pair of lambda and kappa = s_b^2 / s^2 at once; (I + lambda 1 1')^-1 = I - weight 1 1'
    ratio, kappa = (each.ravel() for each in np.meshgrid(_RATIOS, _KAPPAS, indexing="ij"))
    weights = ratio[:, None] / (1 + ratio[:, None] * sizes)
    pull = (np.eye(cells) - 1 / cells) / kappa[:, None, None]
    information = np.diag(whole) - np.tensordot(weights, pairs, 1) + pull
    right = right_whole - weights @ pulls
    levels = np.linalg.solve(information, right[:, :, None])[:, :, 0]
    residual = np.maximum(square - weights @ squares - (levels * right).sum(axis=1), 1e-18)
    grown = np.log1p(ratio[:, None] * sizes) @ many + (cells - 1) * np.log(kappa) + np.linalg.slogdet(information)[1]
    fits = -0.5 * (free * np.log(residual / free) + grown)
    chance = np.exp(fits - fits.max())
    chance /= chance.sum()
    noise, mean = residual / free, chance @ levels
    likely = np.flatnonzero(chance > _SOME)
    apart = levels[likely] - mean
    spread = np.tensordot((chance * noise)[likely], np.linalg.inv(information[likely]), 1)
    spread += (chance[likely, None] * apart).T @ apart
    all_levels, covariance = np.full(len(seen), np.nan), np.zeros((len(seen), len(seen)))
    all_levels[seen] = mean
    covariance[np.ix_(seen, seen)] = spread
    return _Fit(all_levels, covariance, float(chance @ noise), float(chance @ (noise * np.maximum(0.0, ratio - overlap))))
