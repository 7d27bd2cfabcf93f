"""Features do not drift into place: one jumps from level to level of dimensionality, and the loss drops with it.

Claim     While a model learns, features swap between shares of a dimension, and the loss falls in steps at those swaps
          and hardly in between, until represented features own a half each (TMS-21).
Leaves    results/energy_jumps: loss and D (density, seed, step) on inputs that stay the same; W of the model with most
          jumps (step); the steps and the drops of its jumps (jump)
Takes     13 s on two cores; 5 s with --smoke; a minute and a half with --profile paper
"""

# %% Sixty-four equal features, eight dimensions, from almost nothing
import jax
import numpy as np
from scipy.ndimage import maximum_filter
from scipy.signal import find_peaks

import superpose as sp
from superpose import between, geometry, near

args = sp.experiment(__doc__)
key = jax.random.key(0)
every, steps = args.pick(smoke=(10, 100), default=(50, 6000), paper=(25, 12_000))
recipe = args.change(
    sp.Recipe(
        world=sp.SparseWorld(n_features=64),
        model=sp.ToyConfig(n_features=64, n_hidden=8, init="normal", scale=0.01),
        learning_rate=1e-3,
        steps=steps,
        batch=args.pick(smoke=64, default=1024, paper=1024),
        snapshots=range(0, steps + 1, every),
    )
)
over = {"world.density": [0.5, 0.4, 0.3], "seed": range(args.pick(smoke=1, default=2, paper=8))}
swept = sp.sweep(recipe, over, key)


# %% What every feature owns, and the loss on the same inputs, all along
def look(run):
    batch = run.recipe.world.sample(key, args.pick(smoke=500, default=8192, paper=8192))
    loss = jax.lax.map(lambda model: run.recipe.objective(model, batch, key), run.history)
    return {"D": geometry.dimensionality(run.history.W[...]), "loss": loss, "norm": geometry.norms(run.model.W[...])}


seen = swept.measure(look)
D, loss, norm = (seen[name].values.reshape(-1, *seen[name].values.shape[2:]) for name in ("D", "loss", "norm"))
cells = [(p, seed) for p in over["world.density"] for seed in over["seed"]]
long, short = (max(min(span, steps // 4) // every, 2) for span in (500, 200))  # in snapshots


# %% A jump: the loss falls fastest there, and some feature's share moves by 0.15 or more within 500 steps
def learnt(D, loss):
    """Where the first rise is over: all of the hidden dimensions are in use, and stay so."""
    return min(int(np.flatnonzero(D.sum(1) < 0.9 * 8).max(initial=-1)) + 1, len(D) - 3)


def speeds(D, loss):
    """About each snapshot: how far the farthest feature moves in 500 steps, and how far the loss falls in 200."""
    moved = np.abs(D[long:] - D[:-long]).max(1)
    moved = maximum_filter(np.pad(moved, (long // 2, long - long // 2), mode="edge"), long)
    fell = loss[:-short] - loss[short:]
    return moved, np.pad(fell, (short // 2, short - short // 2), mode="edge")


def jumps(D, loss):
    begin, (moved, fell) = learnt(D, loss), speeds(D, loss)
    peaks = begin + find_peaks(fell[begin:], prominence=0.01 * (loss[begin] - loss[-1]))[0]
    return peaks[moved[peaks] > 0.15]


def steepness(D, loss, at):
    """The loss's speed at jumps, over its speed where no feature moves."""
    begin, (moved, fell) = learnt(D, loss), speeds(D, loss)
    still = np.abs(fell[begin:][moved[begin:] < 0.05])
    return fell[at].mean() / still.mean() if len(at) and len(still) else 0.0


found = [jumps(*each) for each in zip(D, loss, strict=True)]
steep = [steepness(*each, at) for *each, at in zip(D, loss, found, strict=True)]
count = [len(at) for at in found]
shown = int(np.argmax(count))
density, seed = cells[shown]
W = np.asarray(swept.run(density=density, seed=seed).history.W[...])
drops = [loss[shown][max(t - long // 2, 0)] - loss[shown][min(t + long // 2, len(loss[0]) - 1)] for t in found[shown]]

# %% Claims
kept = norm > 0.3
off = np.where(kept, np.abs(D[:, -1] - 0.5), 0).max(1)
told = {"seeds": len(cells)}
pairs = off <= 0.01
odd = f"{(~pairs).sum()} of {len(cells)} models keep a feature without a partner"
odd = args.pick(smoke="", default="", paper=f"{odd}; the others reach {off[pairs].max(initial=0):.3f}")
claims = [
    between(
        "TMS-21.1",
        "in the end: distance of a kept feature's share from 1/2, at most",
        off.max(),
        high=0.01,
        **told,
        why=odd,
    ),
    between("TMS-21.2", "the largest share of the others", D[:, -1][~kept].max(), high=0.1, **told),
    near(
        "TMS-21.3",
        "features kept of 16 that eight pairs would be, median",
        np.median(kept.sum(1)),
        14,
        0,
        spread=(kept.sum(1).min(), kept.sum(1).max()),
        **told,
    ),
    between(
        "TMS-21.4",
        "jumps after the first rise, in the model with fewest",
        min(count),
        low=1,
        spread=(min(count), max(count)),
        **told,
    ),
    between(
        "TMS-21.5",
        "speed of the loss at jumps, over that while no feature moves by 0.05: the least model",
        min(steep),
        low=10,
        spread=(min(steep), max(steep)),
        **told,
    ),
    between("TMS-21.6", "the least that the loss drops at a jump of the model shown", min(drops, default=0), low=0.009),
]

# %% What is left behind
axis = {"step": list(recipe.snapshots)}
tables = {name: sp.Table({**seen[name].axes, **axis}, seen[name].values) for name in ("D", "loss")}
tables |= {"shown_D": sp.Table(axis, D[shown]), "shown_loss": sp.Table(axis, loss[shown]), "W": sp.Table(axis, W)}
steps_of = [int(axis["step"][t]) for t in found[shown]]
tables |= {"drop": sp.Table({"jump": steps_of}, np.array(drops))}
numbers = {"density": density, "seed": seed, "jumps": len(drops)} | {
    f"drop_{s}": d for s, d in zip(steps_of, drops, strict=True)
}
args.leave(tables, numbers, recipe=recipe, claims=claims)
