"""Three features in a plane: the extra one is ignored, or has a dimension, beside a pair or alone, or shares one.

Claim     Models do what the cheapest of four closed forms says (TMS-09, TMS-10), where density is at least 0.05.
Leaves    results/phase_diagram_plane: theory, boundary, cut; norm, superposition, loss of what was trained on samples
          (importance, density, rank by loss); best_norm, best_superposition, best_loss of the best without noise
Takes     about 12 s on two cores, a few with --smoke; the paper profile is not yet timed
"""

# %% The question: features 0 and 1 have importance 1, feature 2 importance r; all have density p
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter

import superpose as sp
from superpose import between, near
from superpose.geometry import directions, norms, phases, superposition

args = sp.experiment(__doc__)
key = jax.random.key(0)
R, P = "world.importance.2", "world.density"
recipe = args.change(
    sp.Recipe(
        world=sp.SparseWorld(n_features=3, importance=(1.0, 1.0, 1.0)),
        model=sp.ToyConfig(n_features=3, n_hidden=2, init="normal", scale=0.5),
        learning_rate=1e-2,
        schedule="quarter_cosine",
        steps=args.pick(smoke=50, default=4000, paper=4000),
        batch=args.pick(smoke=64, default=256, paper=256),
        log_every=100,
    )
)


def axes(n):
    return {R: np.geomspace(0.1, 10, n), P: np.geomspace(1, 0.01, n)}


def costs(ticks):
    return np.asarray(phases.losses(*np.meshgrid(ticks[R], ticks[P], indexing="ij"), 2))


# %% In theory: the cheapest of four arrangements, where that changes, and how suddenly
fine = axes(200)
theory = costs(fine).argmin(0)
r, p = fine.values()
boundary = np.asarray(phases.boundary(r, 2))
# A pair always costs less than the alternative below the curve: the extra in it (r < 1), or the others (r > 1).
pairs = np.where(theory >= 2, p, 0).max(1)
rows_off = np.abs(np.log(pairs / boundary)).max() / np.log(p[0] / p[1])
columns = np.where(r[:, None] < 1, np.isin(theory, (0, 2)), np.isin(theory, (1, 3)))
meeting = np.asarray(phases.losses(*phases.TRIPLE_POINT, 2))
steepness = jax.vmap(jax.jacfwd(lambda p, r: jnp.log(phases.losses(r, jnp.exp(p), 2))))(jnp.log(boundary), r)
kink = jnp.where(r < 1, steepness[:, 2] - steepness[:, 0], steepness[:, 3] - steepness[:, 1])


# %% In practice: ten models a cell, trained on samples and trained on exact expectations
def look(run):
    W = run.model.W[...]
    loss = run.recipe.objective(run.model, exactly(run.recipe.world).everything(), key)
    pair = (directions(W)[:, 0] * directions(W)[:, 1]).sum()
    return {"norm": norms(W)[2], "superposition": superposition(W)[2], "loss": loss, "norms": norms(W), "pair": pair}


def exactly(world):
    """The same features at few enough points for a hundred thousand models."""
    return replace(world, nodes=12)


grid = axes(args.pick(smoke=5, default=11, paper=100))
seeds = range(args.pick(smoke=3, default=10, paper=10))
quiet = replace(
    recipe,
    world=exactly(recipe.world),
    batch="all",
    learning_rate=2e-2,
    steps=args.pick(smoke=50, default=500, paper=1000),
)
settings = {"sampled": recipe, "exact": quiet}
found = {n: sp.sweep(one, {**grid, "seed": seeds}, key, data="shared").measure(look) for n, one in settings.items()}
place = {n: tables["loss"].values.argsort(-1) for n, tables in found.items()}


def ranked(name, what):
    """Of the models of each cell, the best first."""
    return np.take_along_axis(found[name][what].values, place[name], -1)


# %% Do they agree? On a boundary, where two arrangements cost the same, either will do
def agrees(norm, overlap):
    """Dedicated is what it is, whether the other two are a pair or not."""
    price = costs(grid)
    fates = np.stack([price[0], np.minimum(price[1], price[3]), price[2]])
    fate = np.where(norm < 0.5, 0, np.where(overlap < 0.5, 1, 2))[None]
    return np.take_along_axis(fates, fate, 0)[0] <= price.min(0) * (1 + 1e-5)


seen = grid[P] >= 0.05  # below, the two ways to pair up differ by less than samples tell
norm, overlap, loss = (ranked("sampled", what) for what in ("norm", "superposition", "loss"))
of_exact = {what: ranked("exact", what)[..., 0] for what in ("norm", "superposition", "loss")}
ten = agrees(norm[..., 0], overlap[..., 0])[:, seen].mean()
nine = agrees(norm[..., :-1].mean(-1), overlap[..., :-1].mean(-1))[:, seen].mean()
one = np.array([agrees(norm[..., k], overlap[..., k])[:, seen].mean() for k in range(len(seeds))])
noiseless = agrees(of_exact["norm"], of_exact["superposition"])
winner = costs(grid).argmin(0)
colour = np.where(winner == 3, 1, winner)
inside = (maximum_filter(colour, 3) == minimum_filter(colour, 3))[:, seen]
astray = np.abs(np.log10(grid[P] / np.asarray(phases.boundary(grid[R], 2))[:, None]))[:, seen][
    inside & ~noiseless[:, seen]
]
excess = (of_exact["loss"] / costs(grid).min(0))[:, seen].max()
above = (grid[R] > 1.001)[:, None] & seen

# %% The optimum itself where the extra feature matters twice as much and all are dense, by descent in double precision
finely = sp.oracle(
    replace(recipe, world=replace(recipe.world, density=0.7, nodes=24)),
    steps=args.pick(smoke=20, default=80, paper=150),
)
starts = {R: [2.0], "seed": range(args.pick(smoke=2, default=8, paper=24))}
dense = {n: t.values[0] for n, t in sp.sweep(finely, starts, key).best("seed").measure(look).items()}

# %% Claims
others = np.sort(dense["norms"][:2])
alone, shares = norm[..., 0][above], overlap[..., 0][above]
beyond = above & (grid[R] >= 1.5)[:, None]
least, most = norm[..., 0][beyond].min(initial=9), overlap[..., 0][beyond].max(initial=0)
near_it = (
    f"all are within {astray.max(initial=0):.2f} decades of the boundary's density, where the optimum is neither form"
)
near_one = "from r = 1.5 on it is {:.3f}; nearer to 1 the extra feature and the others are nearly alike"
near_it, *near_one = (
    args.pick(smoke="", default="", paper=words) for words in (near_it, near_one.format(least), near_one.format(most))
)
luck = {"seeds": len(seeds), "spread": (one.min(), one.max())}
claims = [
    between("TMS-09.1", "map and formulas p = 4r/(2+5r), 4/7: rows apart at most", rows_off, high=1.0),
    near("TMS-09.2", "the four costs at r = 1, p = 4/7: largest over smallest", meeting.max() / meeting.min(), 1, 1e-5),
    near("TMS-09.3", "r > 1: others pair up below density", pairs[r > 1].max(), 4 / 7, 0.02),
    between("TMS-09.4", "cells where who is kept does not change at r = 1", columns.size - columns.sum(), high=0),
    near("TMS-09.5", "at r = 0.1 features share below density", pairs[0], 0.16, 0.005),
    between("TMS-09.6", "first order: the slope of the log loss jumps by at least", kink.min(), low=0.5),
    between(
        "TMS-10.1", "density ≥ 0.05: cells where the best of ten does as theory says", ten, low=0.95, seeds=len(seeds)
    ),
    between(
        "TMS-10.2",
        "cells where the best of ten without noise does",
        noiseless[:, seen].mean(),
        low=0.95,
        seeds=len(seeds),
    ),
    between(
        "TMS-10.3",
        "exceptions without noise that do not touch a boundary",
        (inside & ~noiseless[:, seen]).sum(),
        high=0,
        why=near_it,
    ),
    between("TMS-10.4", "the mean of the nine better models, as the paper has it, agrees less", nine, high=ten),
    between("TMS-10.5", "one model agrees less still, on average", one.mean(), high=nine, **luck),
    between(
        "TMS-10.6",
        "r > 1: least length of the extra feature in the best of ten",
        alone.min(),
        low=0.95,
        why=near_one[0],
    ),
    between("TMS-10.7", "r > 1: what of others lies along it, at most", shares.max(), high=0.05, why=near_one[1]),
    between("TMS-10.8", "best loss without noise over the closed form, at most", excess, high=1.02),
    near("TMS-10.9", "optimum at r = 2, p = 0.7: length of the extra feature", dense["norms"][2], 1.0, 0.01),
    near("TMS-10.10", "length of the others, the shorter", others[0], 0.76, 0.01),
    near("TMS-10.11", "and the longer", others[1], 0.76, 0.01),
    near("TMS-10.12", "their cosine", dense["pair"], -1, 0.001),
]

# %% What is left behind
tables = {
    "theory": sp.Table(fine, theory),
    "boundary": sp.Table({R: r}, boundary),
    "cut": sp.Table({P: p}, np.asarray(phases.losses(3.0, p, 2)).T),
    **{f"best_{what}": sp.Table(grid, values) for what, values in of_exact.items()},
}
for name, values in {"norm": norm, "superposition": overlap, "loss": loss}.items():
    tables[name] = sp.Table({**grid, "rank": seeds}, values)
numbers = {"best_of_ten": ten, "nine_of_ten": nine, "one": one.mean(), "noiseless": noiseless.mean(), "excess": excess}
args.leave(tables, numbers, recipe=recipe, claims=claims)
