"""A neuron that carries two features takes in much of one and gives out much of the other; others clean up after it.

Claim     Nearly every model of ten neurons and six features has such an asymmetric motif, with its inhibitor (TMS-33).
Leaves    results/asymmetric_motif: loss, motifs (seed); W1, W2 of one of the best models; motif (column): its two
          motifs, with the weights of the neuron in each
Takes     8 s on two cores; 5 s with --smoke; 1 minute with --profile paper
"""

# %% The absolute value of six features, one in five of them on, by ten neurons
import jax
import numpy as np

import superpose as sp
from superpose import between, geometry, near

args = sp.experiment(__doc__)
recipe = args.change(
    sp.Recipe(
        world=sp.TaskWorld(inputs=sp.SparseWorld(n_features=6, density=0.2, decay=0.7, values="signed")),
        model=sp.ComputerConfig(n_inputs=6, n_hidden=10, n_outputs=6),
        optimizer="adamw",
        learning_rate=5e-3,
        schedule="quarter_cosine",
        steps=args.pick(smoke=1500, default=8000, paper=8000),
        batch=args.pick(smoke=128, default=512, paper=512),
        stream="fast",
        log_every=100,
    )
)
seeds = range(args.pick(smoke=8, default=48, paper=480))
swept = sp.sweep(recipe, {"seed": seeds}, jax.random.key(0))
loss = swept.held_out(args.pick(smoke=20_000, default=200_000, paper=1_000_000)).values
every = swept.measure(lambda run: {"W1": run.model.W1[...], "W2": run.model.W2[...]})
W1, W2 = (every[name].values for name in ("W1", "W2"))

# %% Who has the motif: a neuron that reads i more than j and writes j more than i, and an inhibitor of one of the two
least = W1.shape[-1] - 1  # the feature of least importance
found = [geometry.asymmetric_motifs(*model) for model in zip(W1, W2, strict=True)]
on_least = [{m.neuron: m for m in motifs if m.weak == least} for motifs in found]
motifs = np.array([len({m.neuron for m in motifs}) for motifs in found])

# %% Which to look at: of the better half, the model of least loss among those with two motifs about the least feature
better = np.argsort(loss)[: len(loss) // 2]
shown = max(better, key=lambda k: (min(len(on_least[k]), 2), -loss[k]))
order = np.asarray(geometry.neuron_order(W1[shown]))
into, out = W1[shown][order], W2[shown][:, order]
mine = [m for m in geometry.asymmetric_motifs(into, out) if m.weak == least]
rows = [(*m[:3], m.inhibitors[0], *into[m.neuron, list(m[1:3])], *out[list(m[1:3]), m.neuron]) for m in mine]


# %% What the motifs of the better half are like
def middle(values):
    """The middle value, over these models, with the middle half of them."""
    numbers = np.array(values or [np.nan])
    low, high = np.percentile(numbers, (25, 75))
    return {"measured": np.median(numbers), "spread": (low, high), "seeds": len(better)}


ours = [(k, m) for k in better for m in on_least[k].values()]
read = middle([m.read for _, m in ours])
written = middle([m.written for _, m in ours])
held = middle([W2[k, least, m.inhibitors[0]] for k, m in ours])
leading = min(len(on_least[k]) for k in better[: args.pick(smoke=1, default=10, paper=10)])
five = float(geometry.losses.ignored(0.2, 0.7**5))  # five features exact, and the mean for the sixth

# %% Claims
n, paper = len(loss), "W1 = (2, −½), W2 = (½, 2)"
middles = [np.median(part) for part in np.array_split(loss, max(n // 48, 1))]
uneven = f"the middles of every 48 of these models lie from {min(middles):.5f} to {max(middles):.5f}"
uneven = args.pick(smoke="", default="", paper=uneven)
claims = [
    between("TMS-33.1", "models with a motif and its inhibitor, of all", (motifs > 0).mean(), low=40 / 48, seeds=n),
    between("TMS-33.2", "ten best models: fewest motifs about the least important feature", leading, low=2),
    between("TMS-33.3", "what a motif takes in: the one feature over the other", **read, low=3, high=6, paper=paper),
    near("TMS-33.4", "what it gives out: the same", **written, expected=0.23, tolerance=0.05, paper=paper),
    between("TMS-33.5", "what its inhibitor gives to the least important feature", **held, low=-7, high=-5),
    between("TMS-33.6", "loss of the best model", loss.min(), high=0.0044, seeds=n),
    near(
        "TMS-33.7",
        "the middle loss",
        np.median(loss),
        0.0047,
        0.0002,
        seeds=n,
        spread=np.percentile(loss, (25, 75)),
        why=uneven,
    ),
    near("TMS-33.8", "what five exact features and the mean of the sixth cost", five, 0.0095, 5e-5),
]

# %% What is left behind
columns = ["neuron", "strong", "weak", "inhibitor", "in strong", "in weak", "out strong", "out weak"]
tables = {
    "loss": sp.Table({"seed": seeds}, loss),
    "motifs": sp.Table({"seed": seeds}, motifs),
    "W1": sp.Table({}, into),
    "W2": sp.Table({}, out),
    "motif": sp.Table({"column": columns}, np.array(rows, float).reshape(-1, len(columns)).T),
}
numbers = {"with_motif": int((motifs > 0).sum()), "models": n, "read": read["measured"], "written": written["measured"]}
args.leave(tables, numbers | {"best_loss": loss.min(), "five_exact": five}, recipe=recipe, claims=claims)
