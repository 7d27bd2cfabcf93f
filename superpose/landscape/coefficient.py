r"""The local learning coefficient λ: how fast the volume of what is nearly as good shrinks, $V(e) \sim e^\lambda$."""

from __future__ import annotations

import contextlib
import functools
import warnings
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.mistakes import BadValue, said
from superpose.core.shapes import Array, Bool, Float, Key
from superpose.core.trees import leaf, pytree, real, whole, word
from superpose.landscape.crowd import Crowd, gather, spread
from superpose.landscape.losses import as_tree, draws, loss_of
from superpose.landscape.polish import Polish
from superpose.train.fit import Run, precision

KINDS = ("sgld", "mala")


@pytree
class Sampler:
    r"""How a minimum's surroundings are walked: by Langevin steps of $\epsilon$ = `step` / `nbeta`.

    `nbeta` is $n\beta$: how strongly loss counts, one number or several, each of which gets chains of its own. `gamma`
    pulls towards the minimum. `kind="mala"` takes a move as Metropolis would, so that the step leaves no bias; it needs
    a loss that is the same at each call. `burn_in` steps go before the `draws` that count: slow directions need about
    2 / (step × curvature). `polish` steps of L-BFGS come first, where the loss is the same at each call. The trace is
    kept as the means of `pieces` pieces.
    """

    nbeta: Any = leaf(default=1e4)
    gamma: float = real(default=1.0, least=0)
    step: float = real(default=0.3, least=0)
    kind: str = word(default="sgld", among=KINDS)
    chains: int = whole(default=16)
    burn_in: int = whole(default=2000, least=0)
    draws: int = whole(default=2000)
    polish: int = whole(default=100, least=0)
    pieces: int = whole(default=40)


class LearningCoefficient(NamedTuple):
    """`value` is λ̂, `error` its standard error over chains. Where `nbeta` is several, they are the last axis of both.

    λ̂ of each chain, and its trace: λ̂ from each piece of the walk, burn-in included. `accepted` is the share of moves
    taken. Chains that are not `finite` count for nothing; where none is, λ̂ is nan. `loss` is that at the minimum,
    `polish` what polishing did before.
    """

    value: Float[Array, "..."]
    error: Float[Array, "..."]
    chains: Float[Array, "... chain"]
    trace: Float[Array, "... chain pieces"]
    accepted: Float[Array, "..."]
    finite: Bool[Array, "... chain"]
    loss: Float[Array, "..."]
    polish: Polish


def learning_coefficient(
    at: Any, loss: Any = None, key: Key | None = None, sampler: Sampler | None = None, *, instances: int = 0
) -> LearningCoefficient:
    r"""$\hat\lambda = n\beta\,(E_w[L(w)] - L(w^*))$ with w from $e^{-n\beta L(w) - \gamma|w - w^*|^2 / 2}$.

    `at` is a `Run`, whose recipe says the loss, or any pytree of parameters, with `loss(params)`; a loss that takes
    (params, key) is given a key for each step. λ is d/2 at the bottom of a bowl of d dimensions, and less where it is
    flat; below 0 it says that `at` is no minimum. The first `instances` axes of every parameter count models, which are
    walked together, model i with `fold_in(key, i)`; a stack of runs has its own.

    Pure under `jit` and `vmap`. Called as it is, it warns of what may mislead. It walks on one device of JAX.
    """
    sampler = Sampler() if sampler is None else sampler
    params, loss, instances, mode = _subject(at, loss, instances)
    key = jax.random.key(0) if key is None else key
    _check(params, loss, sampler, instances)
    with mode:
        loss = as_tree(loss)
        free = not any(isinstance(a, jax.core.Tracer) for a in jax.tree.leaves((params, loss, key, sampler)))
        found = _estimate(params, loss, key, sampler, instances)
        if free:
            _warn(found, sampler)
    return found


@functools.partial(jax.jit, static_argnames=("instances",))
def _estimate(params: Any, loss: Any, key: Any, sampler: Sampler, instances: int) -> LearningCoefficient:
    crowd = gather(params, loss, key, instances, sampler)
    nbeta, walked = spread(crowd, sampler)
    return _summary(crowd, nbeta, walked, isinstance(sampler.nbeta, tuple))


def _summary(crowd: Crowd, nbeta: Array, walked: Any, several: bool) -> LearningCoefficient:
    def shaped(a: Array) -> Array:
        a = a.reshape((*crowd.lead, nbeta.shape[0], -1, *a.shape[1:]))
        return a if several else a.squeeze(len(crowd.lead))

    by = nbeta[:, None] if several else nbeta
    each, fine, trace = (shaped(a) for a in (walked.excess, walked.finite, walked.trace.T))
    each, trace = by * each, by[..., None] * trace
    count = fine.sum(-1).astype(each.dtype)
    value = jnp.where(fine, each, 0.0).sum(-1) / jnp.where(count > 0, count, jnp.nan)
    off = jnp.where(fine, each - value[..., None], 0.0)
    error = jnp.sqrt((off**2).sum(-1) / jnp.maximum(count * (count - 1), 1.0))
    taken = shaped(walked.taken).mean(-1)
    loss, done = crowd.loss.reshape(crowd.lead), jax.tree.map(lambda a: a.reshape(crowd.lead), crowd.polish)
    return LearningCoefficient(value, error, each, trace, taken, fine, loss, done)


def _subject(at: Any, loss: Any, instances: int) -> tuple[Any, Any, int, Any]:
    """Parameters, their loss, how many axes of models they have, and the precision to work in."""
    if not isinstance(at, Run):
        if loss is None:
            raise BadValue("learning_coefficient needs a loss(params) as well, unless it is given a Run")
        wide = any(getattr(a, "dtype", None) == np.float64 for a in jax.tree.leaves(at))
        traced = any(isinstance(a, jax.core.Tracer) for a in jax.tree.leaves(at))
        return at, loss, instances, jax.enable_x64(True) if wide and not traced else contextlib.nullcontext()
    loss = loss_of(at.recipe) if loss is None else loss
    key = next((a for a in jax.tree.leaves(at.model) if isinstance(a, jax.core.Tracer)), None)
    return at.model, loss, jnp.ndim(at.diverged), precision(at.recipe, key)


def _check(params: Any, loss: Any, sampler: Any, instances: int) -> None:
    if not isinstance(sampler, Sampler):
        raise BadValue(f"the sampler is {said(sampler)}; it must be a Sampler")
    leaves = jax.tree.leaves(params)
    if not leaves:
        raise BadValue("learning_coefficient has no parameters to walk in")
    for a in leaves:
        if not jnp.issubdtype(jnp.result_type(a), jnp.floating):
            raise BadValue(f"parameters are walked in, so they must be floats; one is {jnp.result_type(a)}")
    leads = {np.shape(a)[:instances] for a in leaves}
    if len(leads) > 1 or any(len(lead) < instances for lead in leads):
        raise BadValue(f"with instances={instances} parameters must have the same first axes; they are {sorted(leads)}")
    if sampler.kind == "mala" and draws(loss):
        raise BadValue('kind="mala" needs a loss that is the same at each call; this one takes a key: use "sgld"')


def _warn(found: LearningCoefficient, sampler: Sampler) -> None:
    """Say what may mislead, with the places of the models and chains."""
    if not np.isfinite(np.asarray(found.loss)).all():
        raise BadValue(f"the loss at the parameters is not finite ({_places('model', ~np.isfinite(found.loss))})")
    finite = np.asarray(found.finite)
    if not finite.all():
        warnings.warn(f"{_places('chain', ~finite)} left what is finite, and count for nothing: shorten the step, "
                      f"which is {said(sampler.step)} / nbeta", stacklevel=3)  # fmt: skip
    low = np.asarray(found.value) < -2 * np.asarray(found.error)
    if low.any():
        where = f" ({_places('model', low)})" if low.ndim else ""
        warnings.warn(f"the learning coefficient is below 0{where}: the walks found lower loss, so this is no minimum; "
                      "polish it, or raise gamma", stacklevel=3)  # fmt: skip


def _places(what: str, where: np.ndarray, most: int = 5) -> str:
    all_places = np.argwhere(np.atleast_1d(where)).tolist()
    named = ", ".join(str(p[0] if len(p) == 1 else tuple(p)) for p in all_places[:most])
    return f"{what}s {named}" + (f" and {len(all_places) - most} more" if len(all_places) > most else "")
