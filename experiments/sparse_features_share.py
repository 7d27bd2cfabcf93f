"""The sparser the world, the more features a layer of five keeps: first apart, then in pairs, then all sharing.

Claim     A linear model keeps 5 of 20 at any density. A ReLU keeps 5 of a dense world and 12 or 13 of a sparse one.
Leaves    results/sparse_features_share: W, b, loss of the best of eight seeds (activation, density)
Takes     half a minute on two busy cores; under 10 s with --smoke; 3 minutes with --profile paper
"""

# %% Twenty features, each with 0.7 of the importance of the last, through five dimensions
import jax
import numpy as np

import superpose as sp

args = sp.experiment(__doc__)
densities = [1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001]
recipe = args.change(
    sp.Recipe(
        world=sp.SparseWorld(n_features=20, decay=0.7),
        model=sp.ToyConfig(n_features=20, n_hidden=5),
        learning_rate=5e-3,
        schedule="quarter_cosine",
        steps=args.pick(smoke=50, default=3000, paper=10_000),
        batch=args.pick(smoke=64, default=512, paper=1024),
    )
)

# %% Linear and ReLU, from dense to sparse
over = {
    "model.activation": ["identity", "relu"],
    "world.density": densities,
    "seed": range(args.pick(smoke=2, default=8, paper=8)),
}
swept = sp.sweep(recipe, over, jax.random.key(0), data="shared")
best = swept.best("seed", n=args.pick(smoke=4096, default=200_000, paper=1_000_000))


# %% What the best of them keep, and what that costs
def look(run):
    W, b, world = run.model.W[...], run.model.b[...], run.recipe.world
    return {"W": W, "b": b, "exact": sp.geometry.losses.linear(W, b, world.densities(), world.importances())}


tables = best.measure(look)
tables["loss"] = best.held_out(args.pick(smoke=4096, default=2_000_000, paper=16_000_000))
W = tables["W"].values

# %% The claims
norms, shared, grams = (np.asarray(f(W)) for f in (sp.geometry.norms, sp.geometry.superposition, sp.geometry.gram))
p, b, loss, exact = np.array(densities), *(tables[name].values for name in ("b", "loss", "exact"))
kept = norms > 0.5
counts, apart = kept.sum(-1)[1], (kept & (shared < 0.05)).sum(-1)[1]
theory = np.array([sp.geometry.losses.linear_optimum(d, recipe.world.importances(), 5) for d in densities])
crowds = [c for d in range(3) for c in sp.geometry.recognise(W[1, d]) if len(c.features) > 1 and c.name != "digon"]
absent = np.abs(b[1] / (p[:, None] / 2) - 1)[:4][norms[1, :4] < 0.1].max(initial=0)
stray = np.abs(grams[0] - np.diag([1] * 5 + [0] * 15)).max()
reading = {"stray": np.abs(grams[0, 0] - np.diag([1] * 5 + [0] * 15)).max(), "kept": np.abs(b[0, 0, :5]).max()}
reading |= {"rest": np.abs(b[0, 0, 5:] - p[0] / 2).max()}
ratios = loss[1] / exact[0]
# The lowest of six earlier runs at each density. Where features are rarest, the loss is sampled to about 1 %.
known = np.array([0.0465, 0.1125, 0.0761, 0.0453, 0.0330, 0.0275, 0.0243])

LUCK = {
    "kept": "24 seeds at density 0.001 keep 12 to 15",
    "bias": "24 seeds at density 0.001 have -0.371 to -0.166",
    "loss": "24 seeds at density 0.1 have 1.007 to 1.183 times it, 7 of them below 1.03 and none of these eight",
}
luck = {name: args.pick(smoke="", default="", paper=words) for name, words in LUCK.items()}
near, between = sp.near, sp.between
claims = [
    between("TMS-03.gram", "linear, dense: the gram's distance from 5 ones and zeros", reading["stray"], high=0.02),
    between("TMS-03.kept", "the farthest bias of the five from 0", reading["kept"], high=0.02),
    between("TMS-03.rest", "the farthest bias of the rest from half the density", reading["rest"], high=0.02),
    near("TMS-04.linear.loss", "linear: loss over its optimum, worst density", (exact[0] / theory).max(), 1, 0.01),
    between("TMS-04.linear.fewest", "linear: fewest features kept", kept[0].sum(-1).min(), 5, 5),
    between("TMS-04.linear.most", "linear: most features kept", kept[0].sum(-1).max(), 5, 5),
    between("TMS-04.linear.gram", "linear: gram's distance from 5 ones", stray, high=0.02),
    *(
        near(
            f"TMS-04.kept.{d:g}", f"ReLU: features kept at density {d:g}", n, middle, 1,
            why=luck["kept"] * (d == 0.001),
        )
        for d, n, middle in zip(densities, counts, [5, 7.5, 9, 10.5, 11.5, 13, 12.5], strict=True)
    ),
    between("TMS-04.kept.rise", "smallest step in that count as density falls", np.diff(counts).min(), low=0),
    *(
        between(f"TMS-04.apart.{d:g}", f"ReLU: of these, orthogonal to all at density {d:g}", n, low, high)
        for d, n, (low, high) in zip(densities, apart, [(5, 5), (2, 3), (0, 2), *[(0, 0)] * 4], strict=True)
    ),
    between("TMS-04.digons", "groups at density ≥ 0.1 that are not pairs", len(crowds), 0, 0),
    between("TMS-04.absent", "density ≥ 0.03: biases where |W| < 0.1, distance from p/2 over p/2", absent, high=0.1),
    *(
        between(f"TMS-04.bias.{d:g}", f"lowest bias at density {d:g}", b[1, i].min(), -0.32, -0.18,
                why=luck["bias"] * (d == 0.001))
        for i, d in enumerate(densities) if d <= 0.01
    ),
    *(
        between(f"TMS-04.ratio.{d:g}", f"ReLU's loss over the linear at density {d:g}", ratio, high=most)
        for d, ratio, most in zip(densities[1:], ratios[1:], [0.82, 0.48, 0.27, 0.21, 0.18, 0.16], strict=True)
    ),
    between("TMS-04.loss", "ReLU: loss over the lowest known, worst density", (loss[1] / p / known).max(), high=1.03,
            why=luck["loss"]),
]  # fmt: skip
numbers = {f"kept_{d:g}": n for d, n in zip(densities, counts, strict=True)}
numbers |= {f"ratio_{d:g}": r for d, r in zip(densities, ratios, strict=True)}

# %% What is left behind
args.leave(tables, numbers, recipe=recipe, claims=claims)
