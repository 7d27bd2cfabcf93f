"""Four times the features and dimensions do what the smaller model does.

Claim     A linear model keeps 20 of 80 features at any density. A ReLU keeps 20 of a dense world, a third more when
          features are on one time in three, and three times as many when they are rare (TMS-05).
Leaves    results/larger_size: W, b, loss of the best seed (activation, density)
Takes     16 s on two cores; 6 s with --smoke; two minutes with --profile paper
"""

# %% Eighty features, each with 0.9 of the importance of the last, through twenty dimensions
import jax
import numpy as np

import superpose as sp
from superpose import between, geometry, near

args = sp.experiment(__doc__)
densities = [1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001]
n, m = 80, 20
recipe = args.change(
    sp.Recipe(
        world=sp.SparseWorld(n_features=n, decay=0.9),
        model=sp.ToyConfig(n_features=n, n_hidden=m),
        learning_rate=5e-3,
        schedule="quarter_cosine",
        steps=args.pick(smoke=50, default=3000, paper=8000),
        batch=args.pick(smoke=64, default=512, paper=512),
    )
)
over = {
    "model.activation": ["identity", "relu"],
    "world.density": densities,
    "seed": range(args.pick(smoke=1, default=1, paper=2)),
}
swept = sp.sweep(recipe, over, jax.random.key(0), data="shared")
best = swept.best("seed", n=args.pick(smoke=4096, default=100_000, paper=500_000))


# %% What the best of them keep, and what that costs
def look(run):
    W, b, world = run.model.W[...], run.model.b[...], run.recipe.world
    return {"W": W, "b": b, "exact": geometry.losses.linear(W, b, world.densities(), world.importances())}


tables = best.measure(look)
tables["loss"] = best.held_out(args.pick(smoke=4096, default=300_000, paper=8_000_000))
W = tables["W"].values
norms, shared = (np.asarray(f(W)) for f in (geometry.norms, geometry.superposition))
kept, p = norms > 0.5, np.array(densities)
counts, apart = kept.sum(-1), (kept & (shared < 0.05)).sum(-1)[1]
theory = np.array([geometry.losses.linear_optimum(d, recipe.world.importances(), m) for d in densities])
ratios = tables["loss"].values[1] / tables["exact"].values[0]

# %% Claims. An earlier run of two models each is our reference; the paper's counts are read off its picture
middle = [20, 27.5, 33.5, 43, 50, 61, 66.5]
read_off = [20, 26, 32, 41, 48, 54, 53]
alone = [20, 12.5, 6.5, 2.5, 0, 0, 0]
known = np.array([0.1011, 0.2435, 0.1683, 0.0905, 0.0544, 0.0333, 0.0247])
claims = [
    near(
        "TMS-05.linear.loss",
        "linear: loss over its optimum, worst density",
        (tables["exact"].values[0] / theory).max(),
        1,
        0.01,
    ),
    between("TMS-05.linear.fewest", "linear: fewest features kept", counts[0].min(), 20, 20, paper="20"),
    between("TMS-05.linear.most", "linear: most features kept", counts[0].max(), 20, 20, paper="20"),
    *(
        near(f"TMS-05.kept.{d:g}", f"ReLU: features kept at density {d:g}", count, expected, 3, paper=f"{paper}")
        for d, count, expected, paper in zip(densities, counts[1], middle, read_off, strict=True)
    ),
    between("TMS-05.kept.rise", "smallest step in that count as density falls", np.diff(counts[1]).min(), low=0),
    *(
        near(f"TMS-05.apart.{d:g}", f"ReLU: of these, orthogonal to all at density {d:g}", count, expected, 3)
        for d, count, expected in zip(densities, apart, alone, strict=True)
    ),
]
excess = (tables["loss"].values[1] / p / known).max()
luck = "at density 0.03 eight seeds have 0.0899 to 0.0974 p; the better of these two has 0.0937, known is 0.0905"
lowest = between("TMS-05.loss", "ReLU: loss over the lowest known, worst density", excess, high=1.03, why=luck)
claims += args.pick(smoke=[], default=[], paper=[lowest])  # what few steps leave undone is at the sparse end
numbers = {f"kept_{d:g}": count for d, count in zip(densities, counts[1], strict=True)}
numbers |= {f"ratio_{d:g}": ratio for d, ratio in zip(densities, ratios, strict=True)}

# %% What is left behind
args.leave(tables, numbers, recipe=recipe, claims=claims)
