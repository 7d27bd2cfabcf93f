"""Trained against attacks, a model gives up superposition, at the price of features.

Claim     Against shifts of half of an input's length hardly more features are kept than there are dimensions, and
          against shifts of its whole length each that is kept is alone (TMS-25).
Leaves    results/adversarial_training: W of every model (budget, seed), and kept, features, alone of it
Takes     15 s on two cores; 6 s with --smoke; one minute with --profile paper
"""

# %% Forty features, eight dimensions, and inputs shifted along what a feature's output is most moved by
import jax
import jax.numpy as jnp
import numpy as np

import superpose as sp
from superpose import between, geometry

args = sp.experiment(__doc__)
recipe = args.change(
    sp.Recipe(
        world=sp.SparseWorld(n_features=40, density=0.2),
        model=sp.ToyConfig(n_features=40, n_hidden=8),
        objective=sp.Reconstruct(attack=sp.Attack(kind="gram", budget=0.0)),
        learning_rate=3e-3,
        schedule="quarter_cosine",
        steps=args.pick(smoke=50, default=4000, paper=4000),
        batch=args.pick(smoke=64, default=256, paper=512),
    )
)
budgets = [0.0, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0]
over = {"objective.attack.budget": budgets, "seed": range(args.pick(smoke=1, default=3, paper=8))}
swept = sp.sweep(recipe, over, jax.random.key(0), data="shared")


# %% How much each keeps, and how alone
def look(run):
    W = run.model.W[...]
    kept = geometry.represented(W, 0.3)  # those against whole inputs are kept at half their length
    share = jnp.where(kept, geometry.dimensionality(W), 0).sum() / jnp.maximum(kept.sum(), 1)
    return {"W": W, "features": geometry.features_per_dimension(W), "kept": kept.sum(), "alone": share}


every = swept.measure(look)
tables = swept.best("seed", n=args.pick(smoke=4096, default=100_000, paper=400_000)).measure(look)

# %% Claims, beside an earlier run of one model each: our reference, not the paper's
reference = {
    "features": ([2.85, 2.73, 2.24, 1.64, 0.84, 0.37, 0.26], 0.1, "features per dimension, by squared length"),
    "kept": ([23, 23, 19, 16, 16, 10, 7], 2, "features kept"),
    "alone": ([0.35, 0.35, 0.42, 0.50, 0.50, 0.78, 0.98], 0.05, "mean share of a dimension of those kept"),
}


def unlike(seen):
    return f"the models are as {', '.join(f'{v:.2f}' for v in np.sort(seen))}; the one shown has the least loss"


claims = []
for name, (expected, tolerance, words) in reference.items():
    for i, (budget, value) in enumerate(zip(budgets, expected, strict=True)):
        seen = every[name].values[i]
        # Two of the reference's ten features at 0.8 still shared a dimension; where ours are more alone, so be it.
        above = 1.0 if name == "alone" and budget >= 0.8 else value + tolerance
        claims.append(
            between(
                f"TMS-25.{name}.{budget:g}", f"shifts of {budget:g} of an input's length: {words}",
                tables[name].values[i], value - tolerance, above, seeds=seen.size, spread=(seen.min(), seen.max()),
                why=unlike(seen) if args.profile == "paper" and (name, budget) == ("alone", 0.8) else "",
            )
        )  # fmt: skip
steps = np.diff(tables["features"].values)
claims.append(between("TMS-25.fall", "features per dimension: the largest step as budgets rise", steps.max(), high=0))

# %% What is left behind
tables |= {f"every_{name}": every[name] for name in reference}
numbers = {f"{name}_{b:g}": v for name in reference for b, v in zip(budgets, tables[name].values, strict=True)}
args.leave(tables, numbers, recipe=recipe, claims=claims)
