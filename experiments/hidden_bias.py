"""A bias on the hidden layer defeats its ReLU: lifted above zero, neurons pass on everything, as linear ones do.

Claim     With a hidden bias nearly all hidden pre-activations are positive, and the loss is that of a linear hidden
          layer, far below that of a ReLU without a bias (TMS-29).
Leaves    results/hidden_bias: loss, W, histogram of the pre-activations and the part of them that is positive, of
          the best model of twenty (kind of hidden layer, density); seed_positive (kind, density, seed)
Takes     10 s on two cores; 8 s with --smoke; the same with --profile paper
"""

# %% Ten features, five hidden units; the hidden layer is linear, a ReLU, or a ReLU with a bias
import jax
import jax.numpy as jnp
import numpy as np

import superpose as sp
from superpose import between, near

args = sp.experiment(__doc__)
recipe = args.change(
    sp.Recipe(
        world=sp.SparseWorld(n_features=10, decay=0.75),
        model=sp.ToyConfig(n_features=10, n_hidden=5),
        learning_rate=1e-2,
        schedule="quarter_cosine",
        steps=args.pick(smoke=50, default=5000, paper=5000),
        batch=args.pick(smoke=64, default=256, paper=256),
        log_every=100,
        stream="fast",
    )
)
kinds = [("identity", False), ("relu", False), ("relu", True)]
density = [0.3, 0.1]
over = {
    ("model.hidden", "model.hidden_bias"): kinds,
    "world.density": density,
    "seed": range(args.pick(smoke=2, default=20, paper=20)),
}
swept = sp.sweep(recipe, over, jax.random.key(0), data="shared")
best = swept.best("seed", n=args.pick(smoke=4096, default=30_000, paper=100_000))

# %% What arrives at the ReLU
edges = jnp.linspace(-2, 4, 61)


def look(run):
    model, x = run.model, run.recipe.world.sample(jax.random.key(1), 20_000).x
    before = x @ model.W[...].T + (model.b_hidden[...] if model.config.hidden_bias else 0.0)
    counts = jnp.histogram(before, edges)[0] / before.size
    return {"W": model.W[...], "positive": (before > 0).mean(), "histogram": counts}


tables = best.measure(look) | {"edges": sp.Table({}, np.asarray(edges))}
tables["loss"] = best.held_out(args.pick(smoke=4096, default=1_000_000, paper=4_000_000))
tables["seed_positive"] = swept.measure(lambda run: look(run)["positive"])

# %% Claims: of the three kinds, and at densities 0.3 and 0.1
positive, loss, every = (tables[name].values for name in ("positive", "loss", "seed_positive"))
(linear, alone, biased), lifted = loss, every[2]
many = {"seeds": lifted.shape[-1]}
cut = "the best model lets its ReLU cut a few values off, and so beats the linear layer by a little"
claims = [
    between("TMS-29.1", "density 0.3, with a bias: part of values above 0", positive[2, 0], low=0.995, why=cut, **many),
    between("TMS-29.2", "density 0.1: the same", positive[2, 1], low=0.995, **many),
    *(
        between(
            f"TMS-29.{i}", f"density {p:g}, with a bias: the same, median of all models", np.median(row), low=0.99,
            spread=(row.min(), row.max()), **many,
        )
        for i, p, row in zip((3, 4), density, lifted, strict=True)
    ),
    between("TMS-29.5", "without a bias, fewest positive", positive[1].min(), low=0.3, **many),
    between("TMS-29.6", "without a bias, most positive", positive[1].max(), high=0.8, **many),
    near("TMS-29.7", "density 0.3: loss with a bias over a linear layer's", biased[0] / linear[0], 1, 0.05, **many),
    near("TMS-29.8", "density 0.1: the same", biased[1] / linear[1], 1, 0.05, **many),
    between("TMS-29.9", "density 0.3: loss with a bias over that without", biased[0] / alone[0], high=0.8, **many),
    between("TMS-29.10", "density 0.1: the same", biased[1] / alone[1], high=0.4, **many),
    *(
        between(f"TMS-29.{i}", f"density 0.3, {words}: loss, known {least:g}", found, high=1.03 * least, **many)
        for i, words, found, least in (
            (11, "linear", linear[0], 0.0400), (12, "ReLU", alone[0], 0.0515), (13, "ReLU and bias", biased[0], 0.0405),
        )
    ),
]  # fmt: skip

# %% What is left behind
numbers = {"lifted": positive[2].min(), "loss_over_linear": (biased / linear).max()}
args.leave(tables, numbers, recipe=recipe, claims=claims)
