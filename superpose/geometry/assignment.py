r"""Who goes with whom, so that what all pairs are worth together is most: exactly on the host, or nearly on a device.

A table holds what row i with column j is worth; rows are at most as many as columns, and each gets a column of its own.
Any prices $p \ge 0$ of the columns prove a bound, $\sum_i \max_j (T_{ij} - p_j) + \sum_j p_j$, which nothing exceeds.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import linear_sum_assignment

from superpose.core.shapes import Array, Float, Int

EPS = 1e-6
"""What the auction's last round of prices is off by, in units of the table's largest |entry|; float32 goes no lower."""
_STEPS = 0.03, 0.003, 3e-4, 3e-5
_BLOCK, _FEW = 16, 2


class Assignment(NamedTuple):
    """Every row's column, what the pairs are worth, what nothing can exceed, and the prices that prove it."""

    columns: Int[Array, "rows"]
    value: Float[Array, ""]
    bound: Float[Array, ""]
    prices: Float[Array, "columns"]


def hungarian(table: Float[Array, "rows columns"]) -> Int[np.ndarray, "rows"]:
    """The best column of every row, exactly, on the host."""
    _check(table)
    return linear_sum_assignment(np.asarray(table), maximize=True)[1]


def auction(
    table: Float[Array, "rows columns"], eps: float = EPS, block: int = _BLOCK, rounds: int | None = None
) -> Assignment:
    r"""Nearly the best column of every row, on the device: worse by at most rows × eps × the largest |entry|.

    Rows bid for columns (Bertsekas 1988) while prices grow finer; columns left over at a price bid for rows, as
    Bertsekas and Castañon (1992) have it. `block` bidders act at once, for at most `rounds` rounds in all (by default
    a hundred for each row), after which the rest take what is left, and the bound tells what that cost. Sums are in
    the table's precision.
    """
    _check(table)
    return _auction(table, eps, 100 * table.shape[0] + 1000 if rounds is None else rounds, block)


@jax.jit
def bound(table: Float[Array, "rows columns"], prices: Float[Array, "columns"]) -> Float[Array, ""]:
    """What no assignment exceeds, from any prices; negative ones count as 0."""
    prices = jnp.maximum(prices, 0.0)
    return (table - prices).max(1).sum() + prices.sum()


@partial(jax.jit, static_argnames="block")
def _auction(table, eps, rounds, block):
    """First with the last size of step alone, which does where few want the same; else from coarse to fine."""
    n, k = table.shape
    size = jnp.maximum(jnp.abs(table).max(), jnp.finfo(table.dtype).tiny)
    eps = jnp.asarray(eps, table.dtype)
    steps = size * jnp.stack([eps, *(jnp.maximum(eps, step) for step in _STEPS), eps])
    rounds = jnp.asarray(rounds, jnp.int32)
    limits = jnp.full(len(steps), rounds).at[0].set(jnp.minimum(rounds, 4 * n // block + 200))

    def phase(state, how):
        market, ended = state
        step, limit = how[0], jnp.minimum(market.left, how[1])
        fresh = market._replace(owner=_nobody(k), held=_nobody(n), left=limit)
        after = jax.lax.cond(ended, lambda: market._replace(left=limit), lambda: _phase(table, fresh, step, block))
        left = market.left - limit + after.left
        return (after._replace(left=left), ended | (_done(after) & (step == steps[-1])) | (left <= 0)), None

    start = _Market(jnp.zeros(k, table.dtype), _nobody(k), _nobody(n), rounds)
    (market, _), _ = jax.lax.scan(phase, (start, jnp.asarray(False)), (steps, limits))
    columns = _rest(market)
    value = jnp.take_along_axis(table, columns[:, None], 1).sum()
    return Assignment(columns, value, bound(table, market.prices), market.prices)


def certified(table: Float[Array, "rows columns"], prices: Float[Array, "columns"]) -> float:
    """`bound` summed in double precision on the host, with what subtracting in the table's own may have lost."""
    prices = jnp.maximum(prices, 0.0)
    gains, paid = (np.asarray(v, np.float64) for v in (_gains(table, prices), prices))
    return float(gains.sum() + paid.sum() + np.finfo(table.dtype).eps * np.abs(gains).sum())


@jax.jit
def _gains(table, prices):
    return (table - prices).max(1)


class _Market(NamedTuple):
    prices: Array
    owner: Array
    held: Array
    left: Array


def _phase(table, market, eps, block):
    """One size of step: rows bid, then columns; many at once at first, the last few alone."""
    for act, goods in ((_sell, 0), (_clear, 1)):
        for size, few in ((min(block, table.shape[goods]), _FEW), (min(_FEW, table.shape[goods]), 0)):
            market = act(table, market, eps, size, few)
    return market


def _sell(table, market, eps, block, few):
    """Rows without a column bid for the one that leaves them most, until every row has one."""
    n, k = table.shape

    def bid(m):
        who = _first(m.held < 0, block)
        at, _, step = _wish(table[jnp.minimum(who, n - 1)] - m.prices, -jnp.inf, eps)
        top, winner = _highest(at, jnp.where(who < n, m.prices[at] + step, -jnp.inf), who, k, n)
        sold = winner < n
        held = m.held.at[jnp.where(sold & (m.owner >= 0), m.owner, n)].set(-1, mode="drop")
        held = held.at[jnp.where(winner[at] == who, who, n)].set(at, mode="drop")
        return _Market(jnp.where(sold, top, m.prices), jnp.where(sold, winner, m.owner), held, m.left - 1)

    return jax.lax.while_loop(lambda m: (_homeless(m) > few) & (m.left > 0), bid, market)


def _clear(table, market, eps, block, few):
    """Columns left over at a price bid for the row that would gain most, or come down to 0."""
    n, k = table.shape

    def bid(state):
        m, gains = state
        who = _first((m.owner < 0) & (m.prices > 0), block)
        at, most, step = _wish(table[:, jnp.minimum(who, k - 1)].T - gains, 0.0, eps)
        keen = (who < k) & (most > eps)
        prices = m.prices.at[jnp.where(most <= eps, who, k)].set(0.0, mode="drop")
        top, winner = _highest(at, jnp.where(keen, gains[at] + step, -jnp.inf), who, n, k)
        moved = winner < k
        won = keen & (winner[at] == who)
        owner = m.owner.at[jnp.where(moved, m.held, k)].set(-1, mode="drop")
        owner = owner.at[jnp.where(won, who, k)].set(at, mode="drop")
        prices = prices.at[jnp.where(won, who, k)].set(most - step, mode="drop")
        return _Market(prices, owner, jnp.where(moved, winner, m.held), m.left - 1), jnp.where(moved, top, gains)

    def waiting(state):
        m, _ = state
        return (_idle(m) > few) & (_homeless(m) == 0) & (m.left > 0)

    gains = jnp.take_along_axis(table, market.held[:, None], 1)[:, 0] - market.prices[market.held]
    return jax.lax.while_loop(waiting, bid, (market, gains))[0]


def _wish(net, floor, eps):
    """What each bidder wants, what that leaves it, and how far it raises: past what the next would leave it."""
    at = net.argmax(1).astype(jnp.int32)
    most = net.max(1)
    second = jnp.where(jnp.arange(net.shape[1], dtype=jnp.int32) == at[:, None], -jnp.inf, net).max(1)
    second = jnp.where(jnp.isfinite(second), second, most)  # one column has no second
    return at, most, jnp.minimum(most - second + eps, most - floor)


def _highest(at, offer, who, goods, nobody):
    """The highest offer for each good, and whose it is."""
    top = jnp.full(goods, -jnp.inf, offer.dtype).at[at].max(offer)
    mine = jnp.isfinite(offer) & (offer == top[at])
    return top, jnp.full(goods, nobody, jnp.int32).at[at].min(jnp.where(mine, who, nobody))


def _first(mask, count):
    return jnp.nonzero(mask, size=count, fill_value=len(mask))[0].astype(jnp.int32)


def _rest(market):
    """Rows that found nothing in time take free columns in order."""
    n = len(market.held)
    free = _first(market.owner < 0, n)
    late = market.held < 0
    return jnp.where(late, free[jnp.cumsum(late) - 1], market.held)


def _homeless(m):
    return (m.held < 0).sum()


def _idle(m):
    return ((m.owner < 0) & (m.prices > 0)).sum()


def _done(m):
    return (_homeless(m) == 0) & (_idle(m) == 0)


def _nobody(count):
    return jnp.full(count, -1, jnp.int32)


def _check(table):
    if table.ndim != 2 or 0 in table.shape or table.shape[0] > table.shape[1]:
        raise ValueError(f"the table has shape {table.shape}; rows are one or more, and at most as many as columns")
