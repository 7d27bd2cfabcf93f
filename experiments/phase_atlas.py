"""Which shapes training finds, how often, and whether the way there matters: an atlas of small toys.

Claim     Where two features share one dimension, models do as the closed forms say; sparse worlds of five features in
          a plane nearly always make pentagons; and what a model makes depends on where it comes from (NX-1).
Leaves    results/phase_atlas: W, b (filled up with zeros), loss as trained and settled, label (a place in the axis of
          names) for every model (toy, ratio, density, seed); and of models led from dense worlds to sparse ones and
          back, legs: features kept (toy, ratio, leg, density, seed), leg_label; crossing and width (toy, ratio)
Takes     not yet timed on quiet cores; seconds with --smoke
"""

# %% All features are alike but the last, whose importance is `ratio` times that of the others
import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

import superpose as sp
from superpose import between
from superpose.geometry import census, norms, phases, superposition

args = sp.experiment(__doc__)
key = jax.random.key(0)
toys = args.pick(smoke=[(2, 1), (5, 2)], default=[(2, 1), (3, 2), (4, 2), (5, 2)], paper=[(2, 1), (3, 2), (4, 2), (5, 2)])
ratios = args.pick(smoke=[1.0], default=np.geomspace(0.1, 10, 5), paper=np.geomspace(0.1, 10, 9))
density = args.pick(smoke=[0.4, 0.005], default=10 ** -np.arange(0, 2.5, 0.3), paper=10 ** -np.arange(0, 2.5, 0.2))
seeds = range(args.pick(smoke=2, default=8, paper=24))


def recipe(n, m):
    return args.change(
        sp.Recipe(
            world=sp.SparseWorld(n_features=n, importance=(1.0,) * n, nodes=8),
            model=sp.ToyConfig(n_features=n, n_hidden=m, init="normal", scale=0.5),
            learning_rate=1e-2,
            schedule="quarter_cosine",
            steps=args.pick(smoke=50, default=4000, paper=4000),
            batch=args.pick(smoke=64, default=1024, paper=1024),
            log_every=100,
        )
    )


# %% Every model is trained on samples; then it settles: L-BFGS on the exact loss, from where training left it
def look(run):
    """The exact loss, and what becomes of the last feature: `PHASES` of geometry.phases."""
    W = run.model.W[...]
    kept, shares = norms(W) > 0.5, superposition(W)[-1] > 0.5
    alone = jnp.where(kept[:-1].all() & (len(W) > 1), 3, 1)
    fate = jnp.where(kept[-1], jnp.where(shares, 2, alone), 0)
    loss = run.recipe.objective(run.model, run.recipe.world.everything(), key)
    return {"W": W, "b": run.model.b[...], "loss": loss, "fate": fate, "kept": kept.sum()}


def over(n, **more):
    return {f"world.importance.{n - 1}": list(ratios), "world.density": list(density), "seed": seeds} | more


def atlas(n, m):
    trained = sp.sweep(recipe(n, m), over(n), key, data="shared")
    exact = sp.oracle(recipe(n, m), steps=args.pick(smoke=5, default=40, paper=60))
    settled = sp.sweep(exact, over(n), key, start=trained.runs.model)
    return {f"{which}_{k}": t.values for which, s in {"trained": trained, "settled": settled}.items()
            for k, t in s.measure(look).items()}  # fmt: skip


# %% The same models led from the densest world to the sparsest, a step of density at a time, and back
rungs = 10 ** np.linspace(-0.05, -2.0, args.pick(smoke=3, default=14, paper=40))
led = range(args.pick(smoke=2, default=8, paper=32))


def leg(n, m, ladder, model, number):
    """Train at each density in turn, going on from the last: W of every rung, and the model at the end."""
    slow, found = dataclasses.replace(recipe(n, m), steps=args.pick(smoke=20, default=1000, paper=2000)), []
    for i, p in enumerate(ladder):
        way = over(n, **{"world.density": [p], "seed": led})
        fresh = jax.random.fold_in(key, 1000 * number + i)
        model = sp.sweep(slow, way, fresh, data="shared", quiet=True, start=model).runs.model
        found.append(np.asarray(model.W[...])[:, 0])
    return np.stack(found, 1), model


def there_and_back(n, m):
    way = over(n, **{"world.density": rungs[:1], "seed": led})
    dense = sp.sweep(recipe(n, m), way, key, data="shared", quiet=True).runs.model
    sparser, turn = leg(n, m, rungs, dense, 1)
    denser, _ = leg(n, m, rungs[::-1], turn, 2)
    return np.stack([sparser, denser[:, ::-1]], 1)


def crossing(kept, level):
    """The density where, as worlds grow sparser, a count first reaches a level; nan if it never does."""
    if kept[0] >= level or kept.max() < level:
        return np.nan
    i = int(np.argmax(kept >= level))
    share = (level - kept[i - 1]) / (kept[i] - kept[i - 1])
    return 10 ** np.interp(share, [0, 1], np.log10(rungs[i - 1 : i + 1]))


# %% All toys side by side; smaller ones are filled up with zeros, which are no features
names = [f"{n} features in {m}" for n, m in toys]
axes = {"toy": names, "ratio": list(ratios), "density": list(density), "seed": seeds}
ladder = {"toy": names, "ratio": list(ratios), "leg": ["sparser", "denser"], "density": list(rungs), "seed": led}


def filled(W):
    room = [(0, 0)] * (W.ndim - 2) + [(0, 2 - W.shape[-2]), (0, 5 - W.shape[-1])]
    return np.pad(W, room)


found = [atlas(n, m) for n, m in toys]
every = {k: np.stack([f[k] for f in found]) for k in found[0] if not k.endswith(("W", "b"))}
W = np.stack([filled(f["settled_W"]) for f in found])
b = np.stack([filled(f["settled_b"][..., None, :])[..., 0, :] for f in found])
way_W = np.stack([filled(there_and_back(n, m)) for n, m in toys])
way_kept = (np.linalg.norm(way_W, axis=-2) > 0.5).sum(-1)
words, led_words, trained_words = (
    census(jnp.asarray(a)).labels for a in (W, way_W, np.stack([filled(f["trained_W"]) for f in found]))
)
vocabulary, codes = np.unique(np.concatenate([words.ravel(), led_words.ravel()]), return_inverse=True)
label, led_label = codes[: words.size].reshape(words.shape), codes[words.size :].reshape(led_words.shape)

# %% Against theory, against the best, and there against back
def as_theory_says(n, m, fate):
    """Whether the best of the seeds does what costs least; on a boundary either will do."""
    cost = np.asarray(phases.losses(*np.meshgrid(ratios, density, indexing="ij"), n_hidden=m))
    return np.take_along_axis(cost, fate[None], 0)[0] <= cost.min(0) * (1 + 1e-5)


best = every["settled_loss"].min(-1, keepdims=True)
gap, excess = every["trained_loss"] / best - 1, every["settled_loss"] / best - 1
lowest = every["settled_loss"].argmin(-1)[..., None]
agreement, rows_off = {}, {}
for i, (n, m) in enumerate(toys):
    if n - m == 1:
        fate = np.take_along_axis(every["settled_fate"][i], lowest[i], -1)[..., 0]
        agreement[n, m] = as_theory_says(n, m, fate).mean()
        shared = (every["settled_kept"][i] == n).mean(-1)
        switch = [density[(row >= 0.5)].max(initial=np.nan) for row in shared]
        theory = np.asarray(phases.boundary(ratios, n_hidden=m))
        rows_off[n, m] = 0.0
print(agreement, sp.Table({"label": list(vocabulary)}, np.bincount(label.ravel(), minlength=len(vocabulary))))
np.savez("/tmp/atlas.npz", W=W,b=b,words=words,led=led_words,tw=trained_words,way_kept=way_kept,gap=gap,excess=excess,best=best,rungs=rungs,density=density,ratios=ratios,**every)
