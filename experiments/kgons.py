"""In a plane, one feature at a time, the loss stands still at regular polygons: which, and at what loss.

Claim     Every number of corners has one critical polygon, at a radius, bias and loss known exactly (FU-KG-01 to 07).
          Of six features the posterior prefers a pentagon to some 600 samples, and then the hexagon (FU-KG-06).
Leaves    results/kgons: polygon (k, of: radius, bias, energy, level of k features); level (phase), complexity (phase)
          of six features; free (phase, n), the free energy less the pentagon's; constant (n), with the preprint's
Takes     about 5 s on two cores, all profiles alike: it is theory
"""

# %% Every critical polygon, and what six features make of them
import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np

import superpose as sp
from superpose.geometry import critical_polygon, critical_polygons, crossover, one_hot_loss

args = sp.experiment(__doc__)
jax.config.update("jax_enable_x64", True)
many = [critical_polygons(k) for k in range(2, 61)]
polygon = {k: critical_polygon(k) for k in range(2, 13)}
phases = {"4": (4, 0), "4+": (4, 1), "4++": (4, 2), "5": (5, 0), "5+": (5, 1), "6": (6, 0)}
level = {name: polygon[k].level(6, plus) for name, (k, plus) in phases.items()}


# %% Curvature: half its rank is the learning coefficient where the loss is a bowl in some directions, flat in others
@jax.jit
def curvatures(W, b):
    """Eigenvalues of the Hessian, in order, and the steepest slope."""
    flat, back = jax.flatten_util.ravel_pytree((W, b))
    slope = jax.grad(lambda v: one_hot_loss(*back(v)))
    return jnp.linalg.eigvalsh(jax.jacfwd(slope)(flat)), jnp.abs(slope(flat)).max()


def rank(eigenvalues):
    return int((np.abs(eigenvalues) > 1e-5).sum())


whole = {k: curvatures(*polygon[k].weights(k)) for k in (5, 6, 7, 8)}
part = {name: curvatures(*polygon[5].weights(6, plus)) for name, plus in (("5", 0), ("5+", 1))}
complexity = {name: rank(of) / 2 for name, (of, _) in part.items()} | {"6": rank(whole[6][0]) / 2}
steepest = max(float(slope) for _, slope in (*whole.values(), *part.values()))

# %% Free energy n L + complexity ln n: which phase the posterior is in. The constant is the preprint's
n, CONSTANT = np.arange(100, 1201, 5), 2.7535


def against_pentagon(phase, constant=0.0):
    return n * (level[phase] - level["5"]) + (complexity[phase] - complexity["5"]) * np.log(n) + constant


gap = level["5"] - level["6"]
meets = {c: crossover(gap, complexity["6"] - complexity["5"], c) for c in (0.0, CONSTANT)}

# %% The second pair that the preprint prints for twelve corners
second = polygon[12]._replace(radius=1.24975, bias=-0.85483).weights(12)
cost, slopes = jax.jit(jax.value_and_grad(one_hot_loss, argnums=(0, 1)))(*second)
slope = float(jnp.sqrt(sum((s**2).sum() for s in slopes)))

# %% Claims
near, between = sp.near, sp.between
pairs = {4: (1, 0, 0), 5: (1.17046, -0.28230, 0.23738), 6: (1.32053, -0.61814, 0.86746)}
pairs |= {7: (1.44839, -0.96691, 1.74870), 8: (1.55045, -1.29119, 2.77310)}
levels = {(5, 6, 0): 0.06874, (5, 6, 1): 0.06180, (6, 6, 0): 0.04819, (4, 5, 0): 0.06667, (4, 5, 1): 0.05667}
levels |= {(5, 5, 0): 0.015826, (4, 6, 1): 0.10417, (4, 4, 0): 0.0}
softest = {k: np.asarray(e)[np.abs(e) > 1e-5].min() for k, (e, _) in whole.items()}
claims = [
    *(near(f"FU-KG.01.{k}.{what}", f"{k}-gon: {what}", getattr(polygon[k], what), value, 5e-6)
      for k, row in pairs.items() for what, value in zip(("radius", "bias"), row, strict=False)),
    *(near(f"FU-KG.02.{k}", f"{k}-gon: h, three times what its corners lose", polygon[k].energy, row[2], 2e-5)
      for k, row in pairs.items()),
    *(near(f"FU-KG.03.{k}{'+' * plus}.{c}", f"loss of a {k}-gon among {c} features, {plus} of the others plus",
           polygon[k].level(c, plus), value, 1e-5) for (k, c, plus), value in levels.items()),
    near("FU-KG.03.gap", "what a plus saves of six features, times 144", 144 * (level["5"] - level["5+"]), 1, 1e-12),
    *(near(f"FU-KG.04.{k}", f"{k} of {k} features: half the rank of the Hessian", rank(e) / 2, (3 * k - 1) / 2, 0)
      for k, (e, _) in whole.items()),
    near("FU-KG.04.5+.6", "pentagon of six features, the sixth plus: half the rank", complexity["5+"], 8.5, 0),
    near("FU-KG.04.5.6", "pentagon of six features, the sixth asleep: half the rank", complexity["5"], 7, 0),
    *(near(f"FU-KG.05.{k}", f"{k}-gon: smallest curvature but 0", softest[k], value, 0.02 * value)
      for k, value in {5: 0.069, 6: 0.0206, 7: 0.0071, 8: 0.0027}.items()),
    near("FU-KG.06", "samples from which the posterior prefers six corners to five", meets[CONSTANT], 601, 1),
    near("FU-KG.07.radius", "12-gon: radius", polygon[12].radius, 1.03322, 1e-4),
    near("FU-KG.07.bias", "12-gon: bias", polygon[12].bias, -0.46654, 1e-4),
    near("FU-KG.07.level", "12-gon: loss", polygon[12].level(12), 0.19591, 1e-4),
    near("FU-KG.07.second", "12-gon at the second pair that is printed: loss", cost, 0.19779, 1e-4),
    near("FU-KG.07.slope", "and how steep the loss is there", slope, 0, 1e-4, paper="two critical pairs",
         why="twelve corners have one critical pair; here the loss falls, by quadrature as by formula"),
    between("FU-KG.10", "critical radii and biases of a k-gon, k from 2 to 60, most for any k",
            max(len(found) for found in many), 1, 1),
    between("FU-KG.11", "steepest slope at our critical polygons", steepest, high=1e-12),
    near("FU-KG.12", "corners of the polygon that costs least when there are features enough: h - k is least",
         min(range(2, 61), key=lambda k: many[k - 2][0].energy - k), 7, 0),
    between("FU-KG.13", "pentagon to hexagon without the preprint's constant: samples", meets[0.0], 100, 601),
]  # fmt: skip

# %% What is left behind
rows = np.array([[*polygon[k][1:], polygon[k].level(k)] for k in polygon])
tables = {
    "polygon": sp.Table({"k": list(polygon), "of": ["radius", "bias", "energy", "level"]}, rows),
    "level": sp.Table({"phase": list(level)}, np.array(list(level.values()))),
    "complexity": sp.Table({"phase": list(complexity)}, np.array(list(complexity.values()))),
    "free": sp.Table({"phase": ["5+", "6"], "n": n}, np.stack([against_pentagon(p) for p in ("5+", "6")])),
    "constant": sp.Table({"n": n}, against_pentagon("6", CONSTANT)),
}
args.leave(tables, {"crossover": meets[CONSTANT], "plain_crossover": meets[0.0], "second_slope": slope}, claims=claims)
