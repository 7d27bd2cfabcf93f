"""Learning comes down a staircase: the loss rests where a polygon makes it stand still, and each step down costs more.

Claim     Trained by SGD on one feature of six at a time, models in a plane rest at the levels of squares, pentagons and
          hexagons alone, and never go up (FU-KG, T1). Their learning coefficients say what each rest is (FU-KG-08, 09).
Leaves    results/kgon_staircase: loss, corners, plus, distance (seed, step) of every run; rest (rest, of) of every
          plateau; W, b and the learning coefficient, moving_, of the runs shown (run, step); level, critical_ (phase)
Takes     40 s of CPU time, measured on busy cores; seconds with --smoke; the paper profile ten minutes of busy ones
"""

# %% One feature of six at a time, two dimensions, plain SGD from a wide start
import warnings

import jax
import jax.numpy as jnp
import numpy as np

import superpose as sp
from superpose import landscape
from superpose.geometry import critical_polygon, nearest_polygon, one_hot_loss, plateaus

args = sp.experiment(__doc__)
key, EVERY = jax.random.key(0), 40
steps = args.pick(smoke=800, default=8000, paper=8000)
recipe = args.change(
    sp.Recipe(
        world=sp.OneHotWorld(n_features=6, values="uniform"),
        model=sp.ToyConfig(n_features=6, n_hidden=2, init="normal", scale=1.0),
        optimizer="sgd",
        learning_rate=0.05,
        steps=steps,
        batch=128,
        log_every=EVERY,
        snapshots=tuple(range(0, steps + 1, EVERY)),
    )
)
seeds = range(args.pick(smoke=8, default=64, paper=1000))


def look(run):
    """The exact loss of every snapshot, and the polygon it is nearest to."""
    W, b = run.history.W[...], run.history.b[...]
    return {"W": W, "b": b, "loss": one_hot_loss(W, b), **nearest_polygon(W, b)._asdict()}


found = {name: t.values for name, t in sp.sweep(recipe, {"seed": seeds}, key).measure(look).items()}
at = np.array(recipe.snapshots)

# %% Where the loss rests, and the level of polygons that is nearest
LEAST, WITHIN, REACH = 8, 0.01, 0.02  # windows of 320 steps, flat to 1 %; a level is met within 2 %
phases = {"4": (4, 0), "4+": (4, 1), "4++": (4, 2), "5": (5, 0), "5+": (5, 1), "6": (6, 0)}
level = {name: critical_polygon(k).level(6, plus) for name, (k, plus) in phases.items()}
names, heights = list(level), np.array(list(level.values()))
rests = [[(seed, *p) for p in plateaus(loss, LEAST, WITHIN)] for seed, loss in enumerate(found["loss"])]
every = np.array([rest for run in rests for rest in run]).reshape(-1, 4)
off = np.abs(every[:, 3:] / heights - 1)
nearest, distance = off.argmin(1), off.min(1, initial=1.0)


def rises(run):
    """Steps down, and steps up, from one plateau of a run to the next."""
    change = np.diff([rest[3] for rest in run])
    return np.array([(change <= 0).sum(), (change > 0).sum()])


down, up = np.sum([rises(run) for run in rests], axis=0)


# %% Learning coefficients: of the exact phases, of the model in the middle of every plateau, and along whole runs
def cost(params):
    """`one_hot_loss`, of a dict."""
    return one_hot_loss(params["W"], params["b"])


def coefficients(W, b, chains, draws, nbeta=1e4):
    """In double precision, where the model stands: λ̂ below 0 is no mistake here, it says that the loss will fall."""
    sampler = landscape.Sampler(nbeta=nbeta, chains=chains, burn_in=draws, draws=draws, polish=0)
    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        params = {"W": jnp.asarray(W, float), "b": jnp.asarray(b, float)}
        return jax.tree.map(np.asarray, landscape.learning_coefficient(params, cost, key, sampler, instances=1))


def exact(pairs):
    """Weights of (corners, features, plus), as one stack."""
    with jax.enable_x64(True):
        made = [critical_polygon(k).weights(c, plus) for k, c, plus in pairs]
    return (np.stack(part) for part in zip(*made, strict=True))


chains, draws = args.pick(smoke=(2, 50), default=(8, 2000), paper=(16, 4000))
critical = coefficients(*exact([(k, 6, plus) for k, plus in phases.values()]), chains, draws)
wider = coefficients(*exact([(k, 6, plus) for k, plus in phases.values()]), chains, draws, 1e3)
whole = {k: coefficients(*exact([(k, k, 0)]), 16, args.pick(smoke=50, default=4000, paper=8000)) for k in (4, 5, 7, 8)}
whole = args.pick(smoke={5: whole[5]}, default=whole, paper=whole)
middle = [(int(seed), int(start + end) // 2) for seed, start, end, _ in every][:128]
models = tuple(zip(*middle, strict=True)) if middle else ([0], [0])
resting = coefficients(found["W"][models], found["b"][models], 4, args.pick(smoke=20, default=1000, paper=2000))

# %% The runs shown: one with the most rests that ends as a hexagon, and one that ends as a pentagon
visits = np.array([len(run) + (found["corners"][i, -1] == 6) / 2 for i, run in enumerate(rests)])
ends = [np.flatnonzero(found["corners"][:, -1] == k) for k in (6, 5)]
shown = [int(e[visits[e].argmax()]) if len(e) else int(visits.argmax()) for e in ends]
thin = slice(0, None, args.pick(smoke=10, default=4, paper=2))
W, b = (found[name][shown][:, thin] for name in ("W", "b"))
moving = coefficients(W.reshape(-1, 2, 6), b.reshape(-1, 6), 4, args.pick(smoke=20, default=1000, paper=2000))

# %% From one plateau of a run to the next: does the learning coefficient fall?
theory = {"5": 7.0, "5+": 8.5, "6": 8.5}  # half the rank of the Hessian
measured = {name: float(v) for name, v in zip(names, critical.value, strict=True)}
minima = {name: measured[name] for name in names if measured[name] > 0}
met = [names[i] if d < REACH else "" for i, d in zip(nearest, distance, strict=True)]
pairs = [(met[i], met[i + 1]) for i in range(len(every) - 1) if every[i, 0] == every[i + 1, 0]]
in_theory = [theory[a] <= theory[b] for a, b in pairs if a in theory and b in theory]
in_walks = [minima[a] <= minima[b] + 0.5 for a, b in pairs if a in minima and b in minima]
shape = np.array([(found["corners"][at], found["plus"][at], found["distance"][at]) for at in middle]).reshape(-1, 3)
alike = [name and phases[name] == (k, plus) and far < 0.1 for name, (k, plus, far) in zip(met, shape, strict=False)]
share = float(np.mean(distance < REACH)) if len(every) else np.nan


def spread(estimate, i):
    """Over chains."""
    return estimate.chains[i].min(), estimate.chains[i].max()


# %% Claims. Walks of k whole corners are held to 8 % of (3k - 1)/2, which is half the rank but for the flat square
near, between = sp.near, sp.between
count = {name: met.count(name) for name in names}
claims = [
    between("FU-KG.T1.levels", f"share of {len(every):,} plateaus within 2 % of a level of 4, 4+, 4++, 5, 5+ or 6",
            share, low=0.95, seeds=len(seeds)),
    near("FU-KG.T1.loss", f"of {down + up} steps from a plateau to the next, those that go up in loss", up, 0, 0,
         seeds=len(seeds)),
    between("FU-KG.T1.lambda", f"of {len(in_theory)} steps among 5, 5+ and 6, share that do not go down in complexity",
            np.mean(in_theory) if in_theory else np.nan, low=0.95, seeds=len(seeds)),
    between("FU-KG.T1.walks", f"the same of {len(in_walks)} steps among all minima, by walks, to within 0.5",
            np.mean(in_walks) if in_walks else np.nan, low=0.8, seeds=len(seeds)),
    *(between(f"FU-KG.T1.{name}", f"plateaus at the level of {name}", count[name], low=1, seeds=len(seeds))
      for name in ("5", "5+", "6")),
    *(between(f"FU-KG.15.{name}", f"plateaus at the level of {name}, share within 0.1 of the polygon itself",
              np.mean([a for a, m in zip(alike, met, strict=False) if m == name] or [np.nan]), low=low, high=high,
              seeds=len(seeds)) for name, low, high in (("5", 0, 0.5), ("5+", 0.9, 1), ("6", 0.9, 1))),
    *(between(f"FU-KG.08.{name}", f"{name} of six features: λ̂ at nβ = 1000: no minimum", wider.value[i], high=0,
              spread=spread(wider, i)) for i, name in enumerate(names) if name in ("4", "4+")),
    *(near(f"FU-KG.14.{name}", f"{name} of six features: λ̂", measured[name], of, 0.08 * of, spread=spread(critical, i))
      for i, (name, of) in enumerate(zip(names, (0, 0, 8.5, 7.0, 8.5, 8.5), strict=True)) if of),
    *(near(f"FU-KG.09.{k}", f"{k} of {k} features: λ̂", float(of.value[0]), (3 * k - 1) / 2, 0.04 * (3 * k - 1),
           spread=spread(of, 0)) for k, of in whole.items()),
]  # fmt: skip

# %% What is left behind
columns = ["seed", "start", "end", "level", "phase", "off", "lambda", "error", "alike"]
left = np.full((len(every), len(columns)), np.nan)
left[:, :6] = np.column_stack([every[:, 0], at[every[:, 1:3].astype(int)], every[:, 3], nearest, distance])
for i, values in enumerate((resting.value, resting.error, np.array(alike, float)), 6):
    left[: len(middle), i] = values[: len(middle)]
along = {"run": shown, "step": at[thin]}
tables = {name: sp.Table({"seed": seeds, "step": at}, found[name]) for name in ("loss", "corners", "plus", "distance")}
tables |= {"rest": sp.Table({"rest": range(len(left)), "of": columns}, left)}
tables |= {"W": sp.Table(along, W), "b": sp.Table(along, b)}
tables |= {f"moving_{name}": sp.Table(along, getattr(moving, name).reshape(W.shape[:2])) for name in ("value", "error")}
tables |= {"level": sp.Table({"phase": names}, heights)}
tables |= {f"critical_{name}": sp.Table({"phase": names}, getattr(critical, name)) for name in ("value", "error")}
numbers = {f"plateaus_at_{name}": n for name, n in count.items()} | {"plateaus": len(every), "share": share}
numbers |= {"rises": int(up), "in_theory": len(in_theory), "in_walks": len(in_walks)}
args.leave(tables, numbers, recipe=recipe, claims=claims)
