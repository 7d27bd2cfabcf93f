"""Whether two features share one dimension depends on the function at the output: each has a diagram of its own.

Claim     A leaky ReLU does as a ReLU; with a GELU features must be rarer before they share, with squares about as
          important as each other, and a linear model never gains by it (TMS-37, TMS-X2).
Leaves    results/other_activations: norm, superposition, loss, W, b of the best of several models trained on exact
          expectations (activation, importance, density)
Takes     about 8 s on two cores, a few with --smoke; the paper profile is not yet timed
"""

# %% The question of the phase diagram, asked of other outputs
import jax
import numpy as np

import superpose as sp
from superpose import between
from superpose.geometry import norms, phases, superposition

args = sp.experiment(__doc__)
key = jax.random.key(0)
R, P, A = "world.importance.1", "world.density", "model.activation"
recipe = args.change(
    sp.Recipe(
        world=sp.SparseWorld(n_features=2, importance=(1.0, 1.0), nodes=16),
        model=sp.ToyConfig(n_features=2, n_hidden=1, init="normal", scale=0.7),
        learning_rate=2e-2,
        schedule="quarter_cosine",
        steps=args.pick(smoke=50, default=500, paper=2000),
        batch="all",
        log_every=100,
    )
)
n = args.pick(smoke=5, default=11, paper=65)
grid = {R: np.geomspace(0.1, 10, n), P: np.geomspace(1, 0.01, n)}
words = ["relu", "leaky_relu", "gelu", "square", "identity"]
seeds = range(args.pick(smoke=2, default=6, paper=16))


def look(run):
    W, b = run.model.W[...], run.model.b[...]
    loss = run.recipe.objective(run.model, run.recipe.world.everything(), key)
    return {"norm": norms(W)[1], "superposition": superposition(W)[1], "loss": loss, "W": W[0], "b": b}


swept = sp.sweep(recipe, {A: words, **grid, "seed": seeds}, key)
tables = swept.best("seed").measure(look)
fate = np.where(tables["norm"].values < 0.5, 0, np.where(tables["superposition"].values < 0.5, 1, 2))
share = {word: fate[i] == 2 for i, word in enumerate(words)}
differ = {word: (fate[i] != fate[0]).mean() for i, word in enumerate(words)}


def begins(word, r):
    """The largest density at which the two share, at the importance nearest r; 0 if they never do."""
    return np.where(share[word][np.abs(np.log(grid[R] / r)).argmin()], grid[P], 0).max()


def rare(word):
    """The loss over that of no model where features are rarest and equally important."""
    p = grid[P].min()
    return float(tables["loss"].sel(**{A: word, R: 1.0, P: p}).values) / (2 * p / 3)


# %% Theory is about the ReLU: the cheapest of three arrangements, or any that cost the same
costs = np.asarray(phases.losses(*np.meshgrid(grid[R], grid[P], indexing="ij")))
agrees = np.take_along_axis(costs, fate[:1], 0)[0] <= costs.min(0) * (1 + 1e-5)
unequal = np.abs(np.log(grid[R])) > 0.1

# %% Claims. The paper's comment has no numbers: that these differ is its, how much is ours
claims = [
    between("TMS-37.1", "ReLU: cells where the best model does as theory says", agrees.mean(), low=0.95),
    between("TMS-37.2", "GELU: cells that differ from the ReLU's", differ["gelu"], low=0.05),
    between("TMS-37.3", "squares: cells that differ", differ["square"], low=0.15),
    between("TMS-37.4", "linear: cells that differ", differ["identity"], low=0.5),
    between("TMS-X2.leaky", "leaky ReLU of slope 0.01 on the left: cells that differ", differ["leaky_relu"], high=0.02),
    between(
        "TMS-X2.begins",
        "GELU over ReLU: density below which they share at importance 0.1",
        begins("gelu", 0.1) / begins("relu", 0.1),
        high=0.5,
    ),
    between(
        "TMS-X2.never",
        "squares: densities at which they share at importance 0.1 or 10",
        share["square"][[0, -1]].sum(),
        high=0,
    ),
    between(
        "TMS-X2.equal",
        "squares: part of densities at which they share at importance 1",
        share["square"][n // 2].mean(),
        low=0.7,
    ),
    between(
        "TMS-X2.linear",
        "linear: cells that share where importances are not equal",
        share["identity"][unequal].sum(),
        high=0,
    ),
    *(
        between(
            f"TMS-X2.rare.{word}",
            f"{word}: loss over no model's at density 0.01, equal importance",
            rare(word),
            low,
            high,
        )
        for word, low, high in (
            ("relu", 0, 0.006),
            ("leaky_relu", 0, 0.006),
            ("gelu", 0.05, 0.1),
            ("square", 0.2, 0.35),
            ("identity", 0.49, 0.5),
        )
    ),
]

# %% What is left behind
tables["boundary"] = sp.Table({R: np.geomspace(0.1, 10, 200)}, np.asarray(phases.boundary(np.geomspace(0.1, 10, 200))))
args.leave(tables, {f"differ_{word}": part for word, part in differ.items()}, recipe=recipe, claims=claims)
