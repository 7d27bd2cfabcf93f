"""How much room every minimum of the atlas has: its local learning coefficient, over the whole phase diagram.

Claim     A pentagon's coefficient is half the rank of its Hessian, as theory has it; at the density where the best
          model changes its shape the coefficient changes too; below 0 it tells what is no minimum (NX-2).
Leaves    results/phase_atlas_complexity: coefficient, error, half_rank, accepted, fell, loss (toy, ratio, density,
          seed); best, the coefficient of each cell's best model (toy, ratio, density)
Set aside: at the default size it stands still for ever inside a compiled program, for a cause not yet found.
Takes     about a minute of two quiet cores, measured on busy ones; the paper profile is not yet timed
"""
# reads: phase_atlas

# %% The exact loss over few points: every pattern of what is on, and in each a small rule for the sizes
import functools
import itertools
import warnings

import jax
import jax.numpy as jnp
import numpy as np

import superpose as sp
from superpose import between, landscape, near
from superpose.core.trees import leaf, pytree, static

args = sp.experiment(__doc__)
tables = args.read("phase_atlas")
jax.config.update("jax_enable_x64", True)
warnings.filterwarnings("ignore", "the learning coefficient is below 0")  # to find those is what this is for
POINTS = ((), (8,), (3, 5), (2, 3, 4), (2, 2, 3, 3), (2, 2, 2, 3, 3))


@functools.cache
def few(n):
    """Inputs, the share of its pattern that each carries, and how many features are on in it, as a table of 0 and 1."""
    rows = []
    for on in itertools.product((0, 1), repeat=n):
        k = sum(on)
        rules = [np.polynomial.legendre.leggauss(POINTS[k][(i + sum(np.flatnonzero(on))) % k]) for i in range(k)]
        for places in itertools.product(*(zip(*rule, strict=True) for rule in rules)):
            x = np.zeros(n)
            x[np.flatnonzero(on)] = [(at + 1) / 2 for at, _ in places]
            rows.append((x, np.prod([weight / 2 for _, weight in places]), np.eye(n + 1)[k]))
    x, part, size = map(np.array, zip(*rows, strict=True))
    return x, part, size


@pytree
class Rare:
    """The loss for each sample in which something is on; `u` counts from `centre`, in steps that all cost alike.

    `chance` is that of each point. One product with all points, which lie along the last axis, is what walks fast.
    """

    centre: jax.Array = leaf()
    steps: jax.Array = leaf()
    chance: jax.Array = leaf()
    importance: jax.Array = leaf()
    m: int = static()

    def __call__(self, u):
        n = self.importance.shape[0]
        at = self.centre + (self.steps * u).sum(-1)
        W, b = at[: n * self.m].reshape(self.m, n), at[n * self.m :]
        x = few(n)[0].T
        with_one = jnp.asarray(np.concatenate([x, np.ones((1, x.shape[1]))]), u.dtype)
        heard = jnp.concatenate([(W[:, :, None] * W[:, None, :]).sum(0), b[:, None]], 1) @ with_one
        wrong = (jax.nn.relu(heard) - jnp.asarray(x, u.dtype)) ** 2 * self.importance[:, None]
        return (self.chance * wrong.sum(0)).sum()


# %% Every model: down to the bottom of this loss, its Hessian there, and walks about it
def losses(n, m, ratio, density, at):
    k = np.arange(n + 1)
    odds = density[:, None] ** k * (1 - density[:, None]) ** (n - k) / (1 - (1 - density[:, None]) ** n)
    weight = np.concatenate([np.ones((len(ratio), n - 1)), ratio[:, None]], 1)
    eye = np.broadcast_to(np.eye(at.shape[1]), (*at.shape, at.shape[1]))
    _, part, size = few(n)
    return Rare(centre=at, steps=eye, chance=part * (odds @ size.T), importance=weight, m=m)


NEAR, FLOOR = 0.02, 0.02
"""How far about a minimum its curvature is averaged, as kinks ask for, and the least that counts as any."""


@jax.jit
def settle(loss, keys):
    def one(loss, key):
        start = jnp.zeros(loss.centre.shape)
        u, did = landscape.polish(loss, start, args.pick(smoke=5, default=40, paper=60))
        bend = landscape.hessian(loss, u)
        about = u + NEAR * jax.random.normal(key, (8, u.size))
        values, ways = jnp.linalg.eigh(jax.lax.map(lambda v: landscape.hessian(loss, v), about).mean(0))
        rank = landscape.rank(jnp.linalg.eigvalsh(bend))
        return loss.centre + u, ways / jnp.sqrt(jnp.maximum(jnp.abs(values), FLOOR)), 0.5 * rank, did.fell, loss(u)

    return jax.lax.map(lambda each: one(*each), (loss, keys), batch_size=32)


sampler = landscape.Sampler(
    kind="mala", step=0.5, gamma=1 / FLOOR, chains=4, polish=0, pieces=20,
    burn_in=args.pick(smoke=20, default=150, paper=1000), draws=args.pick(smoke=20, default=350, paper=1000),
)  # fmt: skip


def explore(n, m, W, b, ratio, density):
    at = np.concatenate([W[:, :m, :n].reshape(len(W), -1), b[:, :n]], 1).astype(np.float64)
    loss = losses(n, m, ratio, density, at)
    centre, steps, rank, fell, value = settle(loss, jax.random.split(jax.random.key(1), len(W)))
    loss = Rare(centre=centre, steps=steps, chance=loss.chance, importance=loss.importance, m=m)
    loss = jax.tree.map(lambda a: jnp.asarray(a, jnp.float32), loss)
    with jax.enable_x64(False):
        found = landscape.learning_coefficient(
            jnp.zeros(at.shape, jnp.float32), loss, jax.random.key(2), sampler, instances=1
        )
    return {"coefficient": found.value, "error": found.error, "accepted": found.accepted,
            "half_rank": rank, "fell": fell, "loss": value, "finite": found.finite.all(-1)}  # fmt: skip


# %% All toys, all models
label, settled, kept = (tables[name] for name in ("label", "settled_loss", "kept"))
names, (ratio, density) = list(tables["names"].axes["name"]), (label.ticks(name) for name in ("ratio", "density"))
toys = [tuple(map(int, toy.replace("features in ", "").split())) for toy in label.axes["toy"]]
each_ratio, each_density, _ = (a.ravel() for a in np.meshgrid(ratio, density, label.ticks("seed"), indexing="ij"))
found = []
for i, (n, m) in enumerate(toys):
    W, b = (tables[name].values[i].reshape(-1, *shape) for name, shape in (("W", (2, 5)), ("b", (5,))))
    found.append(explore(n, m, W, b, each_ratio, each_density))
seen = {k: np.stack([np.asarray(f[k]) for f in found]).reshape(label.values.shape) for k in found[0]}


# %% Where the best model of a cell changes its shape, does its coefficient change?
def of_best(values):
    return np.take_along_axis(values, settled.values.argmin(-1)[..., None], -1)[..., 0]


shape, best = of_best(label.values), of_best(seen["coefficient"])
changes = np.diff(shape, axis=-1) != 0
jump = np.abs(np.diff(best, axis=-1))
across, within = (np.median(jump[where]) if where.any() else np.nan for where in (changes, ~changes))

# %% What is below 0 is no minimum, or one so shallow that the walks left it
below = seen["coefficient"] < -2 * seen["error"]
beaten = settled.values / settled.values.min(-1, keepdims=True) > 1.01
caught = beaten[below].mean() if below.any() else np.nan
five, alike = toys.index((5, 2)), int(np.argmin(np.abs(np.log(ratio))))
sparse = np.flatnonzero(density < 0.01)
pentagon = label.values[five, alike][sparse] == (names.index("pentagon") if "pentagon" in names else -1)
coefficient, rank = (seen[k][five, alike][sparse][pentagon] for k in ("coefficient", "half_rank"))
middle = np.median(coefficient) if coefficient.size else np.nan
span = (coefficient.min(), coefficient.max()) if coefficient.size else None
sevens = np.mean(rank == 7) if rank.size else np.nan

# %% Claims: written down after 36 equal models each of two toys had been seen, before all others
claims = [
    near("NX-2.1", "pentagons of equal features, S > .99: median coefficient", middle, 7, 0.56,
         seeds=coefficient.size, spread=span),
    between("NX-2.2", "the same: part whose Hessian has half rank 7", sevens, low=1),
    between("NX-2.3", "the best models' coefficient: its step where their shape changes, over that elsewhere",
            across / within, low=2),
    between("NX-2.4", "below 0: part of those models that another seed beats by 1 % or more", caught, low=0.95,
            seeds=int(below.sum())),
    between("NX-2.5", "part of moves accepted, median of all models", np.median(seen["accepted"]), 0.4, 0.99),
]  # fmt: skip

# %% What is left behind
left = {k: sp.Table(label.axes, v) for k, v in seen.items()}
cells = {k: v for k, v in label.axes.items() if k != "seed"}
left |= {"best": sp.Table(cells, best), "label": label, "names": tables["names"], "kept": kept,
         "excess": sp.Table(label.axes, settled.values / settled.values.min(-1, keepdims=True) - 1)}  # fmt: skip
numbers = {"models": label.values.size, "below": below.sum(), "across": across, "within": within, "pentagon": middle}
args.leave(left, numbers, claims=claims)
