"""As pairs that come together grow denser, they collapse one after another into what a principal component would keep.

Claim     Of three correlated pairs in a plane none is collapsed below density 0.06, then one, two, and all from 0.39
          on, where a pair is kept as its mean (TMS-20). The optimum never costs more than the best linear model.
Leaves    results/correlated_collapse: W, loss of the optimum and how many pairs are collapsed (density); linear, the
          closed form (density); sgd_W, sgd_loss, sgd_collapsed of the best trained model (density)
Takes     10 s of two quiet cores (27 s of CPU time, measured on busy ones); --smoke takes 6 s; paper not yet timed
"""

# %% Three pairs that come together, in a plane
from dataclasses import replace

import jax
import numpy as np

import superpose as sp
from superpose import between, near

args = sp.experiment(__doc__)
key = jax.random.key(0)
# Six features on together take many points. Fewer are enough to find a shape, whose loss is then taken with all.
world = sp.CorrelatedWorld(n_sets=3, set_size=2, nodes=args.pick(smoke=8, default=24, paper=48))
recipe = args.change(
    sp.Recipe(
        world=world,
        model=sp.ToyConfig(n_features=6, n_hidden=2, init="normal", scale=0.6),
        learning_rate=5e-3,
        schedule="quarter_cosine",
        steps=args.pick(smoke=50, default=3000, paper=8000),
        batch=args.pick(smoke=64, default=512, paper=1024),
        log_every=50,
    )
)
shown = [0.75, 0.4, 0.18, 0.1, 0.03]
priced = {0.75: 0.34102, 0.5: 0.26634, 0.4: 0.20516, 0.3: 0.13107, 0.2: 0.07004, 0.15: 0.04577, 0.1: 0.02498}
priced[0.05] = 0.0092
between_them = [0.13, 0.25, 0.36]
finer = [0.02, 0.06, 0.07, 0.075, 0.08, 0.12, 0.14, 0.145, 0.16, 0.28, 0.33, 0.37, 0.38, 0.39, 0.42, 0.45, 0.6, 0.9]
more = args.pick(smoke=[], default=[*priced, 0.08, *between_them], paper=[*priced, *between_them, *finer])
densities = sorted({*shown, *more})


# %% The optimum at every density, and five trained models beside it
def look(run):
    batch = replace(run.recipe.world, nodes=args.pick(smoke=8, default=0, paper=0)).everything()
    return {"W": run.model.W[...], "b": run.model.b[...], "loss": run.recipe.objective(run.model, batch, key)}


exact = sp.oracle(recipe, steps=args.pick(smoke=20, default=50, paper=150))
starts = range(args.pick(smoke=2, default=12, paper=24))
best = sp.sweep(exact, {"world.density": densities, "seed": starts}, key).best("seed").measure(look)
many = args.pick(smoke=2, default=12, paper=40)
trained = sp.sweep(recipe, {"world.density": shown, "seed": range(many)}, key, data="shared").best("seed").measure(look)


# %% How many pairs are collapsed, and how the others lie
def pairs(W):
    """The angle between the partners of every pair, in degrees; and the mean length of each pair."""
    z = W[..., 0, :] + 1j * W[..., 1, :]
    angles = np.abs(np.degrees(np.angle(z[..., ::2] * z[..., 1::2].conj())))
    return angles, np.abs(z).reshape(*z.shape[:-1], 3, 2).mean(-1)


p = np.array(densities)
angles, lengths = pairs(best["W"].values)
fallen = angles < 15
collapsed, loss = fallen.sum(-1), best["loss"].values
sgd_collapsed = (pairs(trained["W"].values)[0] < 15).sum(-1)
linear = 5 * p / 6 - p**2 / 2
at = {d: i for i, d in enumerate(densities)}


def off(low, high, count):
    return int((collapsed[(p >= low) & (p <= high)] != count).sum())


def mean_length(density):
    return lengths[at[density]].mean()


two, one = ((p >= low) & (p <= high) for low, high in ((0.145, 0.37), (0.075, 0.14)))
free = {"two": two[:, None] & ~fallen, "one": one[:, None] & ~fallen}
milder, denser = (p <= 0.3)[:, None], (p >= 0.1)[:, None]
claims = [
    between("TMS-20.1", "densities 0.4 to 0.75 where not all three pairs are collapsed", off(0.4, 0.75, 3), 0, 0,
            paper="all three from 0.25", why="from 0.25 to 0.38 all three is a slightly dearer local minimum"),
    between("TMS-20.2", "densities 0.145 to 0.37 where not two are", off(0.145, 0.37, 2), 0, 0, paper="0.15 to 0.2"),
    between("TMS-20.3", "densities 0.075 to 0.14 where not one is", off(0.075, 0.14, 1), 0, 0, paper="0.05 to 0.15"),
    between("TMS-20.4", "densities up to 0.06 where any is", off(0, 0.06, 0), 0, 0, paper="up to 0.05"),
    near("TMS-20.5", "density 0.75: mean length", mean_length(0.75), 0.59, 0.01),
    near("TMS-20.6", "density 0.4: mean length", mean_length(0.4), 0.7, 0.01),
    near("TMS-20.7", "two collapsed: the shorter of them", lengths[two][fallen[two]].min(initial=1), 0.72, 0.01),
    near("TMS-20.8", "the longer", lengths[two][fallen[two]].max(initial=0), 0.72, 0.01),
    between("TMS-20.9", "the free pair then: smallest angle", angles[free["two"]].min(initial=90), low=80.5),
    between("TMS-20.10", "its largest angle", angles[free["two"]].max(initial=0), high=87.5),
    between("TMS-20.11", "its shortest, density ≤ 0.3", lengths[free["two"] & milder].min(initial=1), low=0.945),
    between("TMS-20.12", "its longest", lengths[free["two"]].max(initial=0), high=0.985),
    between("TMS-20.13", "one collapsed: smallest angle of the free", angles[free["one"]].min(initial=90), low=64.5),
    between("TMS-20.14", "largest, density ≥ 0.1", angles[free["one"] & denser].max(initial=0), high=70.5),
    *(near(f"TMS-20.loss.{d:g}", f"lowest expected loss at density {d:g}", loss[at[d]], value, 1e-3 * value)
      for d, value in priced.items() if d in at),
    between("TMS-20.15", "optimum over the best linear loss, 5p/6 − p²/2, at most", (loss / linear).max(), high=1),
    *(between(f"TMS-20.sgd.{d:g}", f"density {d:g}: collapsed, best trained", n, want, want, seeds=many)
      for d, n, want in zip(shown, sgd_collapsed, [3, 3, 2, 1, 0], strict=True)),
]  # fmt: skip
middle = near("TMS-20.16", "density 0.5: mean length", mean_length(0.5) if 0.5 in at else np.nan, 0.65, 0.01)
claims += args.pick(smoke=[], default=[middle], paper=[middle])

# %% What is left behind
tables = {**best, "collapsed": sp.Table({"density": densities}, collapsed)}
tables |= {"linear": sp.Table({"density": densities}, linear), **{f"sgd_{n}": t for n, t in trained.items()}}
tables["sgd_collapsed"] = sp.Table({"density": shown}, sgd_collapsed)
numbers = {f"collapsed_{d:g}": n for d, n in zip(densities, collapsed, strict=True)}
args.leave(tables, numbers, recipe=recipe, claims=claims)
