"""Which shapes training finds, how often, and whether the way there matters: an atlas of small toys.

Claim     Where two features share one dimension, models do as the closed forms say; sparse worlds of five features in
          a plane nearly always make pentagons; and what a model makes depends on where it comes from (NX-1).
Leaves    results/phase_atlas: W, b (filled up with zeros), loss as trained and settled, label (a place in the axis of
          names) for every model (toy, ratio, density, seed); and of models led from dense worlds to sparse ones and
          back, legs: features kept (toy, ratio, leg, density, seed), leg_label; crossing and width (toy, ratio)
Takes     104 s of CPU time, measured on busy cores, so about 50 s of two quiet ones; the paper profile is not yet timed
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
toys = args.pick(
    smoke=[(2, 1), (3, 2), (5, 2)], default=[(2, 1), (3, 2), (4, 2), (5, 2)], paper=[(2, 1), (3, 2), (4, 2), (5, 2)]
)
ratios = args.pick(smoke=[1.0], default=np.geomspace(0.1, 10, 5), paper=np.geomspace(0.1, 10, 9))
density = args.pick(smoke=[0.4, 0.005], default=10 ** -np.arange(0, 2.5, 0.3), paper=10 ** -np.arange(0, 2.5, 0.2))
seeds = range(args.pick(smoke=2, default=6, paper=24))


def recipe(n, m):
    return args.change(
        sp.Recipe(
            world=sp.SparseWorld(n_features=n, importance=(1.0,) * n, nodes=8),
            model=sp.ToyConfig(n_features=n, n_hidden=m, init="normal", scale=0.5),
            learning_rate=1e-2,
            schedule="quarter_cosine",
            steps=args.pick(smoke=50, default=3000, paper=4000),
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
    exact = sp.oracle(recipe(n, m), steps=args.pick(smoke=5, default=30, paper=40))
    settled = sp.sweep(exact, over(n), key, start=trained.runs.model)
    return {f"{which}_{k}": t.values for which, s in {"trained": trained, "settled": settled}.items()
            for k, t in s.measure(look).items()}  # fmt: skip


# %% The same models led from the densest world to the sparsest, a step of density at a time, and back
rungs = 10 ** np.linspace(-0.05, -2.0, args.pick(smoke=3, default=14, paper=40))
led = range(args.pick(smoke=2, default=6, paper=24))


def leg(n, m, ladder, model, number):
    """Train at each density in turn, going on from the last: W of every rung, and the model at the end."""
    slow, found = dataclasses.replace(recipe(n, m), steps=args.pick(smoke=20, default=600, paper=2000)), []
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


def switch(kept, n):
    """The density below which all n features stay kept, rungs on the last axis; nan where that is not on the ladder."""
    first = kept.shape[-1] - np.cumprod((kept == n)[..., ::-1], -1).sum(-1)
    between_two = np.sqrt(np.array(rungs)[1:] * np.array(rungs)[:-1])
    return np.where((first > 0) & (first < len(rungs)), between_two[np.clip(first - 1, 0, len(rungs) - 2)], np.nan)


# %% All toys side by side, the smaller filled up with zeros. Features below half a unit count as dropped
names = [f"{n} features in {m}" for n, m in toys]
axes = {"toy": names, "ratio": list(ratios), "density": list(density), "seed": seeds}
ladder = {"toy": names, "ratio": list(ratios), "leg": ["sparser", "denser"], "density": list(rungs), "seed": led}


def filled(W):
    return np.pad(W, [(0, 0)] * (W.ndim - 2) + [(0, 2 - W.shape[-2]), (0, 5 - W.shape[-1])])


def named(W):
    """The recogniser's name for what is kept; a count where some of it has no shape."""
    kept = np.linalg.norm(W, axis=-2) > 0.5
    labels = census(jnp.asarray(np.where(kept[..., None, :], W, 0))).labels
    plain = [f"{k} of no named shape" if "unknown" in w or "diffuse" in w else w
             for w, k in zip(labels.ravel(), kept.sum(-1).ravel(), strict=True)]  # fmt: skip
    return np.array(plain).reshape(labels.shape), kept.sum(-1)


found = [atlas(n, m) for n, m in toys]
loss = {k: np.stack([f[f"{k}_loss"] for f in found]) for k in ("trained", "settled")}
W, trained_W = (np.stack([filled(f[f"{k}_W"]) for f in found]) for k in ("settled", "trained"))
b = np.stack([filled(f["settled_b"][..., None, :])[..., 0, :] for f in found])
walked = np.stack([filled(there_and_back(n, m)) for n, m in toys])
(words, kept), (words_led, kept_led), (words_trained, _) = named(W), named(walked), named(trained_W)
vocabulary, label = np.unique(words, return_inverse=True)

# %% Against theory, against the best, and there against back
best = loss["settled"].min(-1, keepdims=True)
gap, excess = (loss[k] / best - 1 for k in ("trained", "settled"))
lowest = loss["settled"].argmin(-1)[..., None]
right, rows_off = [], []
for i, (n, m) in enumerate(toys):
    if n - m == 1:
        cost = np.asarray(phases.losses(*np.meshgrid(ratios, density, indexing="ij"), n_hidden=m))
        fate = np.take_along_axis(found[i]["settled_fate"], lowest[i], -1)[..., 0]
        right.append(np.mean(np.take_along_axis(cost, fate[None], 0)[0] <= cost.min(0) * (1 + 1e-5)))
        shared = np.take_along_axis(kept[i], lowest[i], -1)[..., 0] == n
        below = np.asarray(density)[None] < np.asarray(phases.boundary(np.asarray(ratios), m))[:, None]
        rows_off.append(np.abs(shared.sum(1) - below.sum(1)).max())
turned = np.array([switch(k.swapaxes(-1, -2), n) for k, (n, _) in zip(kept_led, toys, strict=True)])
width = np.log10(turned[:, :, 1] / turned[:, :, 0])
both = np.isfinite(width)
alike = list(ratios).index(1.0)
five, sparse = names.index("5 features in 2"), np.asarray(density) < 0.01
pentagons = words[five, alike][sparse] == "pentagon"
step = np.log10(rungs[0] / rungs[1])
plane = width[five, alike][both[five, alike]]
middle = np.median(plane) if plane.size else np.nan

# %% Claims: bars of 1 to 4 and 6 were planned beforehand and written down after a first look, 5 chosen after it
claims = [
    between("NX-1.1", "5 features in 2, alike, S > .99: part of models that are pentagons", pentagons.mean(), low=0.9,
            seeds=pentagons.size),
    *(between(f"NX-1.{2 + i}", f"{n} features in {m}: cells where the best seed does as theory says", part, low=0.95)
      for i, ((n, m), part) in enumerate(zip([(2, 1), (3, 2)], right, strict=False))),
    between("NX-1.4", "where sharing begins, theory's against the best models': rows of the grid apart, at most",
            max(rows_off), high=1),
    between("NX-1.5", "5 features in 2, alike, led there and back: median width of the hysteresis, decades of density",
            middle, low=step, seeds=plane.size, spread=(plane.min(), plane.max()) if plane.size else None),
    between("NX-1.6", "median of what training leaves over the best known critical point, part of its loss",
            np.median(gap), high=0.02, seeds=gap.size),
]  # fmt: skip

# %% What is left behind
tables = {
    "W": sp.Table(axes, W.astype(np.float32)), "b": sp.Table(axes, b.astype(np.float32)),
    "label": sp.Table(axes, label.reshape(words.shape)), "kept": sp.Table(axes, kept),
    "names": sp.Table({"name": list(vocabulary)}, np.bincount(label.ravel(), minlength=len(vocabulary))),
    "trained_loss": sp.Table(axes, loss["trained"]), "settled_loss": sp.Table(axes, loss["settled"]),
    "led_W": sp.Table(ladder, walked), "led_kept": sp.Table(ladder, kept_led),
    "led_pentagon": sp.Table(ladder, words_led == "pentagon"),
    "boundary": sp.Table({"toy": names[:2], "ratio": list(ratios)},
                         [np.asarray(phases.boundary(np.asarray(ratios), m)) for m in (1, 2)]),
}  # fmt: skip
if both.any():
    tables["width"] = sp.Table({"toy": names, "ratio": list(ratios), "seed": led}, width)
numbers = {
    "models": words.size, "led": kept_led.size, "pentagons": pentagons.mean(), "width": middle,
    "in_the_best": (excess < 0.01).mean(), "same_name_once_settled": (words == words_trained).mean(),
    "one_dimension_stuck": (excess[0, alike] > 0.1).mean(), "gap": np.median(gap),
}  # fmt: skip
args.leave(tables, numbers, recipe=recipe(5, 2), claims=claims)
