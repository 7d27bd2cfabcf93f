"""Without a bias two features on one dimension may come to point the same way, and the switch to opposite is sudden.

Claim     The whole loss of two weights is known in closed form; dense and equally important features confuse each
          other at (1, 1)/√2, and below a density of about 4/7 they are opposite (TMS-36).
Leaves    results/loss_surfaces: surface (panel, W2, W1); setting (panel: density, importance); minima (panel,
          minimum: W1, W2, loss), lowest first; switch (density: best loss with the same sign, with opposite signs)
Takes     a few seconds at every profile; nothing is trained
"""

# %% The exact loss of x' = ReLU(WᵀWx) for W = (W1, W2), importances 1 and r: no parameter but these two
import jax
import numpy as np
from scipy.optimize import minimize

import superpose as sp
from superpose.geometry import losses, surfaces

args = sp.experiment(__doc__)
jax.config.update("jax_enable_x64", True)
panels = {"ignoring": (0.5, 0.2), "opposite": (0.3, 0.6), "confused": (0.65, 1.0)}  # (p, r); not given in the paper
side = np.linspace(-1.5, 1.5, args.pick(smoke=31, default=301, paper=601))
surface = np.stack([surfaces.two_on_a_line(*np.meshgrid(side, side), p, r) for p, r in panels.values()])

# %% Where it is least: descents from all over the square; (W1, W2) and (-W1, -W2) are one model
slope = jax.jit(jax.value_and_grad(lambda w, p, r: surfaces.two_on_a_line(w[0], w[1], p, r)))
starts = np.random.default_rng(0).uniform(-1.5, 1.5, (args.pick(smoke=8, default=32, paper=128), 2))


def descend(start, p, r):
    return minimize(lambda w: [np.asarray(v) for v in slope(w, p, r)], start, jac=True, tol=1e-12)


def minima(p, r):
    """Every different minimum, W1 not negative, the lowest first."""
    found = [descend(start, p, r) for start in starts]
    at = np.array([[*(f.x * (1 if f.x[0] >= 0 else -1)), f.fun] for f in found])
    at = at[np.argsort(at[:, 2])]
    different = [i for i, row in enumerate(at) if not i or np.abs(at[:i, :2] - row[:2]).max(1).min() > 0.05]
    return at[different]


found = {name: minima(*at) for name, at in panels.items()}

# %% Equal importances: which valley is lower, as features grow rarer
density = np.linspace(1, 0.3, args.pick(smoke=8, default=71, paper=141))
switch = np.array([[descend(np.array([0.7, sign * 0.9]), p, 1.0).fun for sign in (1, -1)] for p in density])
lower = (switch[:, 0] < switch[:, 1]).nonzero()[0][-1]
crossing = density[lower : lower + 2].mean()

# %% Claims
near, between = sp.near, sp.between
dense, rare = (1.0, 0.8, 0.7, 0.6), (0.55, 0.5)
equal = {p: minima(p, 1.0)[0] for p in dense + rare}
confused = max(abs(equal[p][2] / float(losses.confused(p)) - 1) for p in dense)
aside = max(np.abs(equal[p][:2] - 0.5**0.5).max() for p in dense)
length = np.abs([equal[p][:2] for p in rare])
tilted = minima(1.0, 0.8)[0]
before, after = (minima(crossing + step, 1.0)[0][:2] for step in (0.01, -0.01))
claims = [
    between("TMS-36.1", "equal features, density 0.6 to 1: weights' distance from 1/√2", aside, high=5e-4),
    between("TMS-36.2", "their loss over the closed form, less 1", confused, high=5e-6),
    near("TMS-36.3", "density 1, importance 0.8: W1", tilted[0], 0.72, 0.005),
    near("TMS-36.4", "and W2", tilted[1], 0.69, 0.005),
    between("TMS-36.5", "density 0.5 and 0.55: least |W|", length.min(), low=1.04),
    between("TMS-36.6", "and largest |W|", length.max(), high=1.06),
    between(
        "TMS-36.7", "where the signs are opposite: W1 W2, at most", max(np.prod(equal[p][:2]) for p in rare), high=0
    ),
    near("TMS-36.8", "density at which opposite becomes better; with |W| = 1 it would be 4/7", crossing, 4 / 7, 0.02),
    between("TMS-36.9", "how far the best weights jump there", np.abs(before - after).max(), low=1.5),
    between(
        "TMS-36.10",
        "importance 0.2, density 0.5: |W2| / |W1|",
        abs(found["ignoring"][0, 1] / found["ignoring"][0, 0]),
        high=0.2,
    ),
    between("TMS-36.11", "importance 0.6, density 0.3: W1 W2", np.prod(found["opposite"][0, :2]), high=0),
    near("TMS-36.12", "equal features, density 0.65: minima, but for both signs", len(found["confused"]), 2, 0),
]

# %% What is left behind
most = max(map(len, found.values()))
padded = np.stack([np.pad(at, ((0, most - len(at)), (0, 0)), constant_values=np.nan) for at in found.values()])
axis = {"panel": list(panels)}
tables = {
    "surface": sp.Table({**axis, "W2": side, "W1": side}, surface.astype(np.float32)),
    "minima": sp.Table({**axis, "minimum": range(most)}, padded),
    "setting": sp.Table(axis, np.array(list(panels.values()))),
    "switch": sp.Table({"density": density}, switch),
    "confused": sp.Table({"density": density}, np.array([losses.confused(p) for p in density])),
}
args.leave(tables, {"crossing": crossing, "confused": confused}, claims=claims)
