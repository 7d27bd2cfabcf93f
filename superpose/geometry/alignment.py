"""How alike two spaces of directions are as wholes: the angles between them, and the best rotation of one onto it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.shapes import Array, Float


class Aligned(NamedTuple):
    r"""The orthogonal R of least $\|RA - B\|_F$ (reflections allowed), RA, and $\|RA - B\|_F^2 / \|B\|_F^2$."""

    rotation: Float[Array, "... hidden hidden"]
    turned: Float[Array, "... hidden features"]
    residual: Float[Array, "..."]


@jax.jit
def procrustes(A: Float[Array, "... hidden features"], B: Float[Array, "... hidden features"]) -> Aligned:
    r"""Turn A as a whole onto B, column on column: R = UV' of $BA^\top = USV'$ (Schönemann 1966).

    A residual of 0 says that B is A seen from elsewhere; lengths count. 0/0 is 0, and anything over nothing infinite.
    """
    _check_alike(A, B, "procrustes turns one onto the other")
    U, _, V = jnp.linalg.svd(jnp.matmul(B, A.mT, precision="highest"))
    R = jnp.matmul(U, V, precision="highest")
    turned = jnp.matmul(R, A, precision="highest")
    lost, size = ((turned - B) ** 2).sum((-2, -1)), (B**2).sum((-2, -1))
    empty = jnp.where(lost > 0, jnp.inf, 0.0).astype(lost.dtype)
    return Aligned(R, turned, jnp.where(size > 0, lost / jnp.where(size > 0, size, 1.0), empty))


@jax.jit
def cka(X: Float[Array, "... hidden items"], Y: Float[Array, "... width items"]) -> Float[Array, "..."]:
    r"""Linear centred kernel alignment of two views of the same items, $\|\tilde X \tilde Y^\top\|_F^2 /
    (\|\tilde X \tilde X^\top\|_F \|\tilde Y \tilde Y^\top\|_F)$ (Kornblith et al. 2019), each row centred over items.

    Turning or scaling a view changes nothing; 1 is equal up to that. 0 where a view is the same for all items.
    """
    if X.ndim < 2 or Y.ndim < 2 or X.shape[-1] != Y.shape[-1]:
        raise ValueError(f"views of shape {X.shape} and {Y.shape}; both end in (…, items) with as many items")
    X, Y = _centred(X), _centred(Y)
    cross, own_X, own_Y = (_power(*pair) for pair in ((X, Y), (X, X), (Y, Y)))
    size = jnp.sqrt(own_X) * jnp.sqrt(own_Y)
    return jnp.where(size > 0, cross / jnp.where(size > 0, size, 1.0), 0.0)


def subspace_angles(A: Float[Any, "hidden n"], B: Float[Any, "hidden k"]) -> Float[np.ndarray, "angles"]:
    """Principal angles between what A and B span, in radians, smallest first; as many as the lesser rank. On the host.

    Small angles are read off sines and large ones off cosines, in double precision (Björck and Golub 1973).
    """
    P, Q = _basis("A", A), _basis("B", B)
    if len(P) != len(Q):
        raise ValueError(f"A has {len(P)} hidden dimensions and B {len(Q)}; subspaces lie in one space")
    P, Q = (P, Q) if P.shape[1] >= Q.shape[1] else (Q, P)
    cos = np.linalg.svd(P.T @ Q, compute_uv=False)
    sin = np.sort(np.linalg.svd(Q - P @ (P.T @ Q), compute_uv=False)[: len(cos)])
    return np.where(cos**2 > 0.5, np.arcsin(np.clip(sin, 0, 1)), np.arccos(np.clip(cos, -1, 1)))


def _basis(name, W):
    W = np.asarray(W)
    if W.ndim != 2 or 0 in W.shape or not np.isfinite(W).all():
        raise ValueError(f"{name} has shape {W.shape}; give one finite matrix (hidden, directions)")
    resolution = np.finfo(W.dtype).eps if np.issubdtype(W.dtype, np.floating) else np.finfo(float).eps
    U, size, _ = np.linalg.svd(W.astype(np.float64), full_matrices=False)
    rank = int((size > max(W.shape) * resolution * size[0]).sum())
    if not rank:
        raise ValueError(f"{name} is nothing but zeros; it spans no space")
    return U[:, :rank]


def _centred(X):
    """Over items, and in units of its largest entry, so that fourth powers neither vanish nor overflow."""
    X = X - X.mean(-1, keepdims=True)
    size = jnp.abs(X).max((-2, -1), keepdims=True)
    return X / jnp.where(size > 0, size, 1.0)


def _power(X, Y):
    return (jnp.matmul(X, Y.mT, precision="highest") ** 2).sum((-2, -1))


def _check_alike(A, B, why):
    if A.ndim < 2 or A.shape[-2:] != B.shape[-2:]:
        raise ValueError(f"matrices of shape {A.shape} and {B.shape}; {why}, so both are (hidden, features) alike")
