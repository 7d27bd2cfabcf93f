"""Features that come together are kept apart; features that exclude one another are set opposite.

Claim     Two correlated pairs make orthogonal bases across one another (TMS-16), two anticorrelated pairs two digons
          that cost nothing (TMS-17), three correlated pairs a hexagon with partners side by side (TMS-18).
Leaves    results/correlated_features: for pairs, opposites, hexagon and apart (six independent features): W, loss of
          every trained model (seed); best_pairs, best_opposites, best_hexagon: W, b, loss of the optimum (density)
Takes     15 s of two quiet cores (41 s of CPU time, measured on busy ones); --smoke takes 12 s; paper not yet timed
"""

# %% Four worlds of features in sets, and a plane to keep them in
from dataclasses import replace

import jax
import numpy as np

import superpose as sp
from superpose import between, geometry, near
from superpose.geometry import losses

args = sp.experiment(__doc__)
key, rare = jax.random.key(0), 0.05
recipe = args.change(
    sp.Recipe(
        world=sp.CorrelatedWorld(n_sets=2, set_size=2, density=rare),
        model=sp.ToyConfig(n_features=4, n_hidden=2, init="normal", scale=0.6),
        learning_rate=5e-3,
        schedule="quarter_cosine",
        steps=args.pick(smoke=50, default=2000, paper=8000),
        batch=args.pick(smoke=64, default=512, paper=1024),
        log_every=50,
    )
)
opposites = replace(recipe, world=sp.AnticorrelatedWorld(n_sets=2, set_size=2, density=rare))
six = replace(recipe.model, n_features=6)
# Six features that are on together take many points; a third of them is enough to see which shape is best.
nodes = args.pick(smoke=16, default=24, paper=0)
hexagon = replace(recipe, world=sp.CorrelatedWorld(n_sets=3, set_size=2, density=rare, nodes=nodes), model=six)
apart = replace(recipe, world=sp.SparseWorld(n_features=6, density=rare, nodes=16), model=six)


def look(run):
    loss = run.recipe.objective(run.model, run.recipe.world.everything(), key)  # exact
    return {"W": run.model.W[...], "b": run.model.b[...], "loss": loss}


# %% The optima, by exact descents; and what training on samples makes of it
def descents(recipe, densities, starts):
    exact = sp.oracle(recipe, steps=args.pick(smoke=20, default=50, paper=150))
    return sp.sweep(exact, {"world.density": densities, "seed": range(starts)}, key)


starts = args.pick(smoke=4, default=24, paper=24)
rarer = [0.05, 0.025, 0.01]
every = {
    "pairs": descents(recipe, [0.05, 0.1, 0.2, 0.3], starts),
    "opposites": descents(opposites, [0.05], starts),
    "hexagon": descents(hexagon, rarer, args.pick(smoke=2, default=8, paper=24)),
}
best = {name: swept.best("seed").measure(look) for name, swept in every.items()}
ends = {name: swept.held_out().values for name, swept in every.items()}
seeds = range(args.pick(smoke=6, default=20, paper=40))
worlds = {"pairs": recipe, "opposites": opposites, "hexagon": hexagon, "apart": apart}
trained = {name: sp.sweep(r, {"seed": seeds}, key, data="shared").measure(look) for name, r in worlds.items()}


# %% How partners lie, and who is opposite whom
def cosines(W):
    W = np.asarray(W, float)
    U = W / np.linalg.norm(W, axis=0)
    return U.T @ U


def lying(name, density):
    """Lengths; angles of partners; of every feature, the lowest cosine to one of another set."""
    W = best[name]["W"].sel(density=density).values
    C, sets = cosines(W), np.arange(W.shape[1]) // 2
    angles = np.degrees(np.arccos(np.clip(C[::2, 1::2].diagonal(), -1, 1)))
    return np.linalg.norm(W, axis=0), angles, np.where(sets[:, None] != sets, C, 1).min(0), C


lengths, angles, across, _ = lying("pairs", rare)
fallen, together, _, collapsed = lying("pairs", 0.3)
_, _, _, opposed = lying("opposites", rare)
six_lengths, six_angles = (np.array([lying("hexagon", p)[i] for p in rarer]) for i in (0, 1))
b = best["hexagon"]["b"].values
found = (ends["pairs"] < ends["pairs"].min(1, keepdims=True) * 1.01).sum(1)
wrong = np.abs(ends["opposites"] / float(losses.crossed_anticorrelated(rare)) - 1) < 0.02
lost = {name: table["loss"] for name, table in best.items()}
excess = {name: trained[name]["loss"].values / lost[name].sel(density=rare).values for name in ("pairs", "hexagon")}
solved = trained["opposites"]["loss"].values.min() / float(losses.crossed_anticorrelated(rare))

# %% Six independent features: a hexagon, or a pentagon that answers the sixth by its mean
six, five = (float(geometry.packing_optimum(geometry.polygon(k), rare).loss) / rare for k in (6, 5))
five += float(geometry.losses.ignored(rare)) / rare

# %% Claims
claims = [
    near("TMS-16.1", "two correlated pairs: the angle between partners, farthest from 90°",
         np.abs(angles - 90).max(), 0, 3),
    between("TMS-16.2", "every feature is opposite one of the other pair: highest cosine", across.max(), high=-0.98),
    near("TMS-16.3", "lengths: farthest from 1", np.abs(lengths - 1).max(), 0, 0.02),
    *(near(f"TMS-16.loss.{p:g}", f"expected loss at density {p:g}; in closed form {float(losses.crossed_sets(p)):.4g}",
           lost["pairs"].sel(density=p).values, value, within)
      for p, value, within in [(0.05, 0.00166, 1e-5), (0.1, 0.00661, 1e-5), (0.2, 0.0261, 1e-4)]),
    near("TMS-16.4", "density 0.3: both pairs collapse, loss p/6", lost["pairs"].sel(density=0.3).values, 0.05, 1e-4),
    near("TMS-16.5", "there, the lengths are 1/√2: farthest", np.abs(fallen - 0.5**0.5).max(), 0, 0.01),
    between("TMS-16.6", "there, the angle between partners, at most", together.max(), high=3),
    near("TMS-16.7", "there, the pairs are orthogonal: farthest cosine", np.abs(collapsed[:2, 2:]).max(), 0, 0.02),
    between("TMS-16.8", "random starts that reach the optimum at density 0.05 and 0.1, of 24", found[:2].min(), low=21),
    between("TMS-16.9", "best trained model at density 0.05: exact loss over the optimum's", excess["pairs"].min(),
            high=1.03, seeds=len(seeds), spread=(excess["pairs"].min(), excess["pairs"].max())),
    near("TMS-17.1", "two anticorrelated pairs: cosine of partners, farthest from −1",
         opposed[[0, 2], [1, 3]].max(), -1, 0.01),
    near("TMS-17.2", "the pairs are orthogonal: farthest cosine", np.abs(opposed[:2, 2:]).max(), 0, 0.02),
    between("TMS-17.3", "their loss", lost["opposites"].sel(density=rare).values, high=1e-6, paper="0"),
    between("TMS-17.4", "random starts caught by the wrong pairs, at loss p²/6, of 24", wrong.sum(), 6, 18),
    between("TMS-17.5", "best trained model: exact loss over that of the wrong pairs", solved, high=0.01,
            seeds=len(seeds)),
    *(near(f"TMS-18.loss.{p:g}", f"three correlated pairs: expected loss at density {p:g}",
           lost["hexagon"].sel(density=p).values, value, 0.003 * value)
      for p, value in zip(rarer, [0.009204, 0.003663, 0.001233], strict=True)),
    # 63 to 65 degrees, 0.95 to 0.99 and −0.22 to −0.18, as rounded.
    between("TMS-18.1", "density ≤ 0.05, no pair collapses: least angle of partners", six_angles.min(), 62.5, 65.5),
    between("TMS-18.2", "the largest", six_angles.max(), 62.5, 65.5),
    between("TMS-18.3", "the shortest feature", six_lengths.min(), 0.945, 0.995),
    between("TMS-18.4", "the longest", six_lengths.max(), 0.945, 0.995),
    between("TMS-18.5", "the lowest bias", b.min(), -0.225, -0.175),
    between("TMS-18.6", "the highest", b.max(), -0.225, -0.175),
    between("TMS-18.7", "best trained model: exact loss over the optimum's", excess["hexagon"].min(),
            high=1.03, seeds=len(seeds), spread=(excess["hexagon"].min(), excess["hexagon"].max())),
    near("TMS-18.8", "six independent features at density 0.05: loss of a hexagon, over the density", six, 0.474, 1e-3),
    between("TMS-18.9", "over that of a pentagon, the sixth answered by its mean", six / five, high=1,
            paper="no such hexagon", why="it is the better model, but few descents find it"),
]  # fmt: skip

# %% What is left behind
tables = {f"{name}_{what}": t for name, found in trained.items() for what, t in found.items()}
tables |= {f"best_{name}_{what}": t for name, found in best.items() for what, t in found.items()}
tables["ends"] = sp.Table({"density": [0.05, 0.1, 0.2, 0.3], "seed": range(starts)}, ends["pairs"])
numbers = {"found": found[:2].min(), "wrong": wrong.sum(), "angle": six_angles.mean(), "starts": starts}
args.leave(tables, numbers, recipe=recipe, claims=claims)
