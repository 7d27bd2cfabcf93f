"""Two sets of three learn in steps: each collapses onto one direction, opens into a triangle, and makes an octahedron.

Claim     From a small start the loss falls to a plateau at density / 3, where every set is one direction; then each set
          opens until all six features are an octahedron's corners, at density² (TMS-22). Descent on the exact loss.
Leaves    results/octahedron: W (seed, step), loss (seed, step), stages (seed): the steps of the plateau, of the
          opening and of the end
Takes     5 s of two quiet cores (8 s of CPU time, measured on busy ones); --smoke takes 4 s; paper not yet timed
"""

# %% Two sets of three features that come together, three dimensions, and a start near nothing
import jax
import numpy as np

import superpose as sp
from superpose import between, near
from superpose.geometry import losses

args = sp.experiment(__doc__)
key, p, size = jax.random.key(0), 0.05, 3
steps = args.pick(smoke=300, default=3000, paper=4000)
every = args.pick(smoke=30, default=25, paper=20)
recipe = args.change(
    sp.Recipe(
        world=sp.CorrelatedWorld(n_sets=2, set_size=size, density=p, nodes=args.pick(smoke=8, default=0, paper=0)),
        model=sp.ToyConfig(n_features=2 * size, n_hidden=size, init="normal", scale=0.02),
        learning_rate=args.pick(smoke=1e-2, default=3e-3, paper=3e-3),
        batch="all",
        steps=steps,
        log_every=every,
        snapshots=tuple(range(0, steps + 1, every)),
    )
)
seeds = args.pick(smoke=2, default=8, paper=32)
swept = sp.sweep(recipe, {"seed": range(seeds)}, key)


# %% What every model looks like along the way
def look(run):
    start = run.recipe.objective(jax.tree.map(lambda a: a[0], run.history), run.recipe.world.everything(), key)
    return {"W": run.history.W[...], "loss": run.loss, "start": start}


found = swept.measure(look)
W, loss, start = (found[name].values for name in ("W", "loss", "start"))
when = np.array(recipe.snapshots)
norms = np.linalg.norm(W, axis=-2)
cosines = np.einsum("stmi,stmj->stij", W, W) / np.maximum(norms[..., None] * norms[..., None, :], 1e-12)
first = np.arange(2 * size) < size
same = (first[:, None] == first) & ~np.eye(2 * size, dtype=bool)
within = cosines[..., same].mean(-1)  # of features that come together
opposite = np.where(first[:, None] != first, cosines, 1).min(-1)  # every feature's lowest, to one of the other set

# %% Four stages: the start, the plateau, the opening, the end
together = (norms.mean(-1) > 0.5) & (within > 0.98)
plateau = np.array([int(np.flatnonzero(row).mean()) if row.any() else 0 for row in together])  # its middle
opening = np.array([k + np.argmax(row[k:] < 0.5) for k, row in zip(plateau, within, strict=True)])
level = np.array([row[max(k - 1, 0)] for k, row in zip(plateau, loss, strict=True)])
levels = np.array([losses.collapsed_set(p, size) * 2, losses.collapsed_antipodal(p, size)])
apart = np.abs(level[:, None] / levels - 1)
strays = np.abs(cosines[:, -1][:, same]).max(-1)
done = (strays <= 0.02) & (opposite[:, -1].max(-1) <= -0.98)
best = loss[:, -1].argmin()
on_plateau = norms[np.arange(seeds), plateau]

# %% Claims
ends = {"seeds": seeds, "spread": (loss[:, -1].min(), loss[:, -1].max())}
claims = [
    between("TMS-22.1", "the loss starts between 6(p/3 − p²/4) and 6p/3", start.max(), 0.0962, 0.1001, seeds=seeds),
    between("TMS-22.2", "the plateau costs p/3, or as much as opposite directions: farthest, over it",
            apart.min(1).max(), high=0.03, seeds=seeds, spread=(level.min(), level.max())),
    between("TMS-22.3", "part of the models whose plateau is p/3", (apart.argmin(1) == 0).mean(), low=0.5, seeds=seeds),
    near("TMS-22.4", "lengths on the plateau are 1/√3: mean", on_plateau.mean(), 3**-0.5, 0.01, seeds=seeds,
         spread=(on_plateau.min(), on_plateau.max())),
    between("TMS-22.5", "the end of the best: cosines within a set, farthest from 0", strays[best], high=0.02),
    between("TMS-22.6", "every feature is opposite one of the other set: cosine", opposite[best, -1].max(), high=-0.98),
    near("TMS-22.7", "mean length", norms[best, -1].mean(), 1.01, 0.01),
    near("TMS-22.8", "its loss is p²", loss[best, -1], p**2, 2e-5, **ends),
    between("TMS-22.9", "part of the models that end so", done.mean(), low=0.75, seeds=seeds),
]  # fmt: skip

# %% What is left behind
axes = {"seed": range(seeds), "step": when.tolist()}
tables = {
    "W": sp.Table(axes, W),
    "loss": sp.Table({"seed": range(seeds), "step": when[1:].tolist()}, loss),
    "stages": sp.Table({"seed": range(seeds)}, np.stack([when[plateau], when[opening], 0 * plateau + steps], axis=1)),
    "done": sp.Table({"seed": range(seeds)}, done),
}
numbers = {"plateau": np.median(level), "end": loss[best, -1], "done": done.mean()}
args.leave(tables, numbers, recipe=recipe, claims=claims)
