r"""Where the loss of one feature at a time stands still in a plane: regular polygons, and features left out of them.

One of c features is on, each as likely as the others, and uniform on [0, 1]; $x' = \mathrm{ReLU}(W^\top W x + b)$. A
k-gon holds k features at one radius and one bias; the others have W = 0 and a bias below 0, or, "plus", of 1/(2c).
After Chen, Lau, Mendel, Wei and Murfet, *Dynamical versus Bayesian phase transitions in a toy model of superposition*,
2023. Critical points are worked out on the host, in NumPy and double precision; losses run under JAX's transforms.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.polynomial import Polynomial

from superpose.core.mistakes import BadValue
from superpose.core.shapes import Array, Float
from superpose.geometry.energies import own_error, spill
from superpose.geometry.gram import gram


class Polygon(NamedTuple):
    """A regular polygon whose radius and bias leave the loss no slope.

    `energy` is h: three times what its corners lose together, so that 0 is nothing and k is as if they were left out.
    """

    corners: int
    radius: float
    bias: float
    energy: float

    def level(self, features: int, plus: int = 0) -> float:
        """The loss among so many features, of which `plus` that are left out have a bias of their own."""
        _check_room(self, features, plus)
        return (self.energy + features - self.corners) / (3 * features) - plus / (4 * features**2)

    def weights(
        self, features: int, plus: int = 0, asleep: float = -0.5, turn: float = 0.0
    ) -> tuple[Float[Array, "hidden features"], Float[Array, "features"]]:
        """W and b: the corners first, from the angle `turn` on, then features left out with a bias, then `asleep`."""
        _check_room(self, features, plus)
        if not asleep <= 0:
            raise BadValue(f"asleep is {asleep}; a feature that is left out has a bias of 0 or below, or is plus")
        left = features - self.corners
        angles = turn + 2 * np.pi * np.arange(self.corners) / self.corners
        W = np.hstack([self.radius * np.stack([np.cos(angles), np.sin(angles)]), np.zeros((2, left))])
        b = [self.bias] * self.corners + [1 / (2 * features)] * plus + [asleep] * (left - plus)
        return jnp.asarray(W, dtype=float), jnp.asarray(b, dtype=float)


@jax.jit
def one_hot_loss(W: Float[Array, "... hidden features"], b: Float[Array, "... features"]) -> Float[Array, "..."]:
    r"""The expected squared error, exactly: $\frac1c \sum_i [\int (u - x'_i)^2 du + \sum_{j \ne i} \int x_j'^2 du]$.

    In any number of hidden dimensions. Slopes are finite everywhere; on a kink, ReLU's slope at 0 counts as 0.
    """
    G, b = gram(W), jnp.asarray(b)
    if b.shape[-1] != G.shape[-1]:
        raise ValueError(f"W has {G.shape[-1]} features and b has {b.shape[-1]}; there is one bias for each feature")
    n = G.shape[-1]
    own = own_error(jnp.diagonal(G, axis1=-2, axis2=-1), b)
    others = jnp.where(jnp.eye(n, dtype=bool), 0.0, spill(G, b[..., :, None]))
    return (own.sum(-1) + others.sum((-2, -1))) / n


@functools.lru_cache(maxsize=256)
def critical_polygons(k: int) -> tuple[Polygon, ...]:
    r"""Every radius above 0 and bias at which a polygon of k corners is critical: one pair for each k from 2 to 60.

    At squared radius a and bias $-a t$ a corner loses $1/3 - 2 a P(t) + a^2 Q(t)$, where P and Q are cubics between the
    cosines of the polygon's angles. So $a = P/Q$, and t is a root of $2 P' Q - P Q'$ in one of those pieces: none is
    missed. What has no slope among polygons has none at all, because the loss is the same when the polygon is turned.
    """
    if isinstance(k, bool) or not isinstance(k, int) or k < 2:
        raise BadValue(f"k is {k!r}; a polygon has a whole number of corners, from 2: a pair")
    cosines = np.cos(2 * np.pi * np.arange(k) / k)
    cosines[np.abs(cosines) < 1e-12] = 0.0
    edges = np.unique([-2.0, 0.0, *cosines.round(12)])
    found = []
    for low, high in zip(np.append(-np.inf, edges[:-1]), edges, strict=True):
        P, Q = _cubics(cosines, low, high)
        found += [_pair(k, t, P, Q) for t in _turns(P, Q, low, high)]
    different = [p for i, p in enumerate(found) if all(abs(p.bias - q.bias) > 1e-6 for q in found[:i])]
    return tuple(sorted(different, key=lambda p: p.energy))


def critical_polygon(k: int) -> Polygon:
    """The critical polygon of k corners that costs least."""
    return critical_polygons(k)[0]


def crossover(loss: float, complexity: float, constant: float = 0.0) -> float:
    r"""From how many samples on the posterior prefers the phase whose loss is lower by `loss`, as theory has it.

    That phase has a learning coefficient higher by `complexity`, and n solves n loss = complexity ln n + constant.
    """
    if not (loss > 0 and complexity > 0):
        raise BadValue(f"loss is {loss} and complexity {complexity}; both must be above 0, or nothing is traded")
    if complexity * (np.log(complexity / loss) - 1) + constant < 0:
        raise BadValue(f"with a constant of {constant} the phase of lower loss is preferred at any n; nothing crosses")
    n = np.e * max(complexity, abs(constant), 1.0) / loss
    for _ in range(200):
        n = (complexity * np.log(n) + constant) / loss
    return float(n)


def _cubics(cosines, low, high):
    """P and Q for t in one piece. A corner sees feature i from x = t/cos on (or up to it, if the cosine is below 0)."""
    t, middle = Polynomial([0.0, 1.0]), max(low, high - 1.0) / 2 + high / 2
    since = t if middle > 0 else Polynomial([0.0])
    P = (1 - since**3) / 3 - t * (1 - since**2) / 2
    return P, sum((_seen(c, t, middle) for c in cosines), Polynomial([0.0]))


def _seen(c, t, middle):
    r"""$\int_0^1 (c x - t)_+^2 dx$ near t = middle."""
    if c == 0:
        return t**2 if middle < 0 else Polynomial([0.0])
    full = (c - t) ** 3 if c > middle else Polynomial([0.0])
    none = (-t) ** 3 if middle < 0 else Polynomial([0.0])
    return (full - none) / (3 * c)


def _turns(P, Q, low, high):
    """Where P²/Q has no slope, short of 1, where nothing is answered any more."""
    roots = (2 * P.deriv() * Q - P * Q.deriv()).trim(1e-14).roots()
    real = roots.real[np.abs(roots.imag) < 1e-7]
    return [t for t in real if low - 1e-9 <= t <= high + 1e-9 and t < 1 - 1e-3]


def _pair(k, t, P, Q):
    a = P(t) / Q(t)
    return Polygon(k, float(np.sqrt(a)), 0.0 if abs(t) < 1e-9 else float(-a * t), float(k * (1 - 3 * P(t) * a)))


def _check_room(polygon, features, plus):
    left = features - polygon.corners
    if left < 0 or not 0 <= plus <= left:
        raise BadValue(
            f"{features} features with {plus} plus do not hold a {polygon.corners}-gon; its corners leave {left}"
        )
