"""How far drawn words are from random ones, as many z-scores: standard normal numbers for words that are random.

Words are `uint32` shaped `key, step, feature, sample`, as training draws them. Keys and seeds being fixed, whoever
changes a generator sees the same verdict every time.
"""

import itertools

import numpy as np
from scipy import stats

LAGS = tuple(2**i for i in range(13))
CHANCES = (0.5, 0.1, 0.01, 0.001)
BUCKETS = 64


def battery(words):
    """Every z-score, by what it looks at."""
    u = words * 2.0**-32 - 0.5
    scores = {
        "moments": moments(u),
        "lags": lags(u),
        "steps": neighbours(u, axis=1),
        "keys": neighbours(u, axis=0),
        "two features on": features_on_together(words),
        "two samples on": samples_on_together(words),
        "bits": bits(in_order(words)),
        "changed bits": changed_bits(words),
        "buckets": buckets(in_order(words)),
    }
    return {name: np.ravel(z) for name, z in scores.items()}


def verdict(words):
    """The largest |z|, and the chance that random words would have as many beyond 3 as these have."""
    z = np.abs(np.concatenate(list(battery(words).values())))
    return z.max(), stats.binom.sf((z > 3).sum() - 1, z.size, 2 * stats.norm.sf(3))


def moments(u):
    """Mean, square, cube and fourth power of each draw; `u` is uniform between -1/2 and 1/2."""
    return np.stack([mean_score(u**k, central(k), central(2 * k)) for k in range(1, 5)])


def central(k):
    """The k-th moment of a uniform number between -1/2 and 1/2."""
    return 0.0 if k % 2 else 0.5**k / (k + 1)


def mean_score(x, mean, square):
    return (x.mean(-1) - mean) / np.sqrt((square - mean**2) / x.shape[-1])


def lags(u):
    """Products of words some places apart in one draw, features after one another as they lie in memory."""
    flat = u.reshape(*u.shape[:2], -1)
    return np.stack([product_score(flat[..., :-lag], flat[..., lag:]) for lag in LAGS])


def neighbours(u, axis):
    """Products of words at the same place of two draws: one step apart, or under two keys."""
    n = u.shape[axis]
    return product_score(np.take(u, range(n - 1), axis), np.take(u, range(1, n), axis))


def product_score(a, b):
    return np.einsum("...i,...i->...", a, b) / (central(2) * np.sqrt(a.shape[-1]))


def features_on_together(words):
    """How often each two features are on in the same sample, each with the same chance."""
    pairs = list(itertools.combinations(range(words.shape[2]), 2))
    return [[both_on(on[:, :, i], on[:, :, j], p) for i, j in pairs] for p, on in switched(words)]


def samples_on_together(words):
    """How often two words some places apart are on at once."""
    flat = words.reshape(*words.shape[:2], -1)
    return [[both_on(on[..., :-lag], on[..., lag:], p) for lag in LAGS] for p, on in switched(flat)]


def switched(words):
    return ((p, words < np.uint32(p * 2**32)) for p in CHANCES)


def both_on(a, b, p):
    return count_score(np.count_nonzero(a & b), a.size, p**2)


def in_order(words):
    return words.reshape(len(words), -1)


def bits(words):
    """How often each bit is set, a key at a time."""
    each = np.unpackbits(words.astype("<u4").view(np.uint8), bitorder="little").reshape(len(words), -1, 32)
    return count_score(each.sum(1, dtype=np.int64), each.shape[1], 0.5)


def changed_bits(words):
    """How often each bit of the outcome turns when one bit of the place does: what a weak hash is worst at."""
    flat = in_order(words).reshape(-1, 2 * LAGS[-1])
    pairs = [flat.reshape(-1, 2, lag).swapaxes(0, 1).reshape(2, 1, -1) for lag in LAGS]
    return np.concatenate([bits(a ^ b) for a, b in pairs])


def buckets(words):
    """How many words fall in each of equal parts, by their highest bits and by their lowest."""
    ends = (words >> np.uint32(26), words & np.uint32(BUCKETS - 1))
    table = np.stack([[np.bincount(row, minlength=BUCKETS) for row in end] for end in ends])
    return count_score(table, words.shape[1], 1 / BUCKETS)


def count_score(hits, n, p):
    """The z-score with the chance that `n` tries have fewer hits; half of a tie counts as fewer."""
    tie = stats.binom.pmf(hits, n, p) / 2
    fewer, more = stats.binom.cdf(hits, n, p) - tie, stats.binom.sf(hits, n, p) + tie
    return np.where(fewer < more, stats.norm.ppf(np.maximum(fewer, 1e-300)), stats.norm.isf(np.maximum(more, 1e-300)))
