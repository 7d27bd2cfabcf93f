"""The rarer its inputs, the more absolute values a layer of forty neurons computes, and the more its neurons share.

Claim     Dense worlds have one feature a neuron, rare ones many in each, those between have both (TMS-31, TMS-32).
Leaves    results/computation_in_superposition: of the best model at every density into and out, its weights with each
          neuron in units of its largest input, and gain (sign, feature); over_exact, its loss over that of twenty exact
          features; loss, of the best of either start (start, density)
Takes     40 s on two cores; 10 s with --smoke; 7 minutes with --profile paper
"""

# %% The absolute values of a hundred features, each of 0.8 times the importance of the last, by forty neurons
import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import spearmanr

import superpose as sp
from superpose import between, geometry

args = sp.experiment(__doc__)
n, m = args.pick(smoke=(20, 8), default=(100, 40), paper=(100, 40))
recipe = args.change(
    sp.Recipe(
        world=sp.TaskWorld(inputs=sp.SparseWorld(n_features=n, decay=0.8, values="signed")),
        model=sp.ComputerConfig(n_inputs=n, n_hidden=m, n_outputs=n),
        # Where biases fall faster than weights grow, outputs die: hence short first steps, and shorter ones for b2.
        optimizer=sp.Optimizer(kind="adamw", eps=1e-10, warmup=0.1, rules=(sp.Rule(on="b2", rate=0.1),)),
        learning_rate=args.pick(smoke=1e-2, default=8e-3, paper=3e-3),
        schedule="quarter_cosine",
        steps=args.pick(smoke=500, default=6000, paper=8000),
        batch=args.pick(smoke=64, default=256, paper=1024),
        log_every=100,
    )
)
densities = [1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001]

# %% Two starts, because none is best everywhere: small and independent for dense worlds, W2 = |W1| for rare features
starts = ["small", "copied"]
over = {
    "model.init": starts,
    "world.inputs.density": densities,
    "seed": range(args.pick(smoke=1, default=2, paper=4)),
}
swept = sp.sweep(recipe, over, jax.random.key(0), data="shared")
best = swept.best("seed", n=args.pick(smoke=10_000, default=100_000, paper=1_000_000))
of_start = best.score.values  # (start, density), on the same samples
start = of_start.argmin(0)


# %% What the better start's best model is like: each output on its own input, and neurons in units of their own
def look(run):
    eye = jnp.eye(n)
    gain = jnp.stack([jnp.diag(run.model(x)) for x in (eye, -eye)])
    into, out = geometry.rescaled(run.model.W1[...], run.model.W2[...])
    return {"gain": gain, "into": into, "out": out}


def chosen(table):
    return np.stack([table.values[s, d] for d, s in enumerate(start)])


gain, into, out = (chosen(table) for table in map(best.measure(look).get, ("gain", "into", "out")))
for d in range(len(densities)):  # by the feature each reads most, and among neurons of the same one the purer first
    order = np.lexsort((np.abs(into[d]).sum(1), np.abs(into[d]).argmax(1)))
    into[d], out[d] = into[d][order], out[d][:, order]
exact = np.array([geometry.losses.absolute_top_features(p, recipe.world.inputs.importances(), m) for p in densities])
over_exact = of_start.min(0) / exact

# %% How many features a neuron reads, and which it carries: those that it reads and also gives out
count, effective = (np.asarray(f(into)) for f in (geometry.features_read, geometry.participation))
mono, middle, height = (count == 1).sum(1), np.median(count, axis=1), np.abs(into).sum(-1).mean(1)
first_read = (np.abs(into) > 0.2).argmax(-1)
first_carried = (np.abs(into) * out.swapaxes(-1, -2) > 0.2).argmax(-1)
at = {p: i for i, p in enumerate(densities)}
some = at[0.03]
least_gain = gain[:, :, :10].min()

# %% Claims. The reference is an earlier run, of one seed and without a warm-up; the distances to it are ours
k = len(starts) * len(over["seed"])
reference = {"mono": [40, 39.5, 31, 21, 3.5, 0, 0], "middle": [1, 1, 1, 1.5, 3, 5.5, 9.5]}
heights = np.array([1.03, 1.02, 1.2, 1.9, 3.1, 5.0, 8.0])
bars = {1.0: (38, np.inf), 0.3: (38, np.inf), 0.1: (15, 36), 0.03: (15, 36), 0.003: (0, 0), 0.001: (0, 0)}
far = {name: np.abs(v - reference[name]).max() for name, v in (("mono", mono), ("middle", middle))}
by_read, by_carried = (spearmanr(effective[some], first[some]).statistic for first in (first_read, first_carried))
unpaid = "neurons also read important features that they do not give out; the next claim leaves those aside"
step, stretch = np.diff(height[1:]).min(), np.abs(height / heights - 1).max()
rare, alone = over_exact[at[0.01] :].max(), "neurons of 40 that read one feature at density"
claims = [
    between("TMS-31.health", "ten first outputs, either sign, any density: least gain", least_gain, low=0.5),
    *(between(f"TMS-31.mono.{p:g}", f"{alone} {p:g}", mono[at[p]], *bar, seeds=k) for p, bar in bars.items()),
    between("TMS-31.height", "least step of the mean stack height from density 0.3 on", step, low=0),
    between("TMS-31.height.reference", "stack heights over the reference: farthest from 1", stretch, high=0.25),
    between("TMS-31.mono.reference", "neurons of one feature: farthest from the reference", far["mono"], high=6),
    between("TMS-31.read.reference", "features the middle neuron reads: farthest from it", far["middle"], high=1),
    between("TMS-31.rare", "to density 0.01: loss over that of 20 exact features, most", rare, high=1, seeds=k),
    between("TMS-31.dense", "density 1: the same, where sharing does not pay", over_exact[0], low=1, seeds=k),
    between("TMS-32.mono", "density 0.03: neurons that read one feature", mono[some], low=10),
    between("TMS-32.poly", "density 0.03: neurons that read more than three", (count[some] > 3).sum(), low=3),
    between("TMS-32.read", "rank correlation of features read with the first of them", by_read, low=0.5, why=unpaid),
    between("TMS-32.carried", "the same with the first that is both read and given out", by_carried, low=0.5),
]

# %% What is left behind
per = {"density": densities}
arrays = {"into": into, "out": out, "gain": gain, "over_exact": over_exact}
tables = {name: sp.Table(per, values) for name, values in arrays.items()}
tables["loss"] = sp.Table({"start": starts, **per}, of_start)
series = {"mono": mono, "middle": middle, "height": height, "over_exact": over_exact}
numbers = {f"{name}_{p:g}": values[i] for p, i in at.items() for name, values in series.items()}
numbers |= {"by_first_read": by_read, "by_first_carried": by_carried}
args.leave(tables, numbers, recipe=recipe, claims=claims)
