"""The closed forms behind the toys, each by a second route: features gain by being kept and lose by interfering.

Claim     Thirteen losses in closed form are what enumeration of their worlds gives; the linear loss is benefit plus
          interference, and a sparse ReLU's is what one feature at a time costs (TMS-06).
Leaves    results/mathematics: forms (form: closed, enumerated); linear (matrix: closed, sampled, error); sparse
          (density: exact, one at a time); crowd (d, N: largest |cosine| of N random directions) for TMS-02
Takes     about 6 s on two cores at every profile but paper, which is not yet timed
"""

# %% Thirteen arrangements, and what their worlds written out say of them
import jax
import jax.numpy as jnp
import numpy as np

import superpose as sp
from superpose import AnticorrelatedWorld, CorrelatedWorld, SparseWorld, geometry
from superpose.geometry import losses

args = sp.experiment(__doc__)
jax.config.update("jax_enable_x64", True)
p, r = 0.2, 0.5


def everything(world):
    """Rows, importances and chances, as NumPy has them: no small operation is compiled."""
    batch = world.everything()
    return (np.asarray(part) for part in (batch.x, batch.weight, batch.chance))


def relu(x):
    return np.maximum(x, 0)


def expected(world, W, b=0.0, out=relu):
    """The loss of x' = out(WᵀWx + b), by every pattern of what is on and Gauss's rule for the sizes."""
    (x, weight, chance), W = everything(world), np.asarray(W, float)
    return chance @ ((x - out(x @ (W.T @ W) + np.asarray(b))) ** 2 * weight).sum(-1)


def spectrum(world):
    """Eigenvalues of the covariance, largest first."""
    x, _, chance = everything(world)
    return np.linalg.eigvalsh((x * chance[:, None]).T @ x - np.outer(chance @ x, chance @ x))[::-1]


def absolute(n, kept):
    """Of signed features the first `kept` answered by two neurons each, the others by p/2."""
    x, weight, chance = everything(SparseWorld(n_features=n, density=p, decay=0.7, values="signed"))
    answer = np.where(np.arange(n) < kept, relu(x) + relu(-x), p / 2)
    return chance @ ((np.abs(x) - answer) ** 2 * weight).sum(-1)


def sparse_world(n, **more):
    return SparseWorld(n_features=n, **{"density": p} | more)


pairs = {"n_sets": 2, "density": p}
three = CorrelatedWorld(n_sets=1, set_size=3, density=p)
apart, line, decays = np.eye(2), np.array([[1.0, -1.0]]), 0.7 ** np.arange(4)
crossed, sixfold = np.hstack([apart, -apart]), np.array([[1.0] * 3 + [-1.0] * 3]) / 3**0.5
exclusive = expected(AnticorrelatedWorld(n_sets=1, density=p), line)
astray = expected(AnticorrelatedWorld(**pairs), crossed)
kept = expected(sparse_world(4, decay=0.7), np.eye(2, 4), [0, 0, p / 2, p / 2], lambda x: x)
unequal = expected(sparse_world(2, density=(p, 0.3), importance=(1.0, r)), line)
collapsed = expected(CorrelatedWorld(set_size=3, **pairs), sixfold)
mixed = expected(sparse_world(2, importance=(1.0, r)), np.ones((1, 2)) / 2**0.5)
forms = {  # what it is: closed form, enumerated
    "L1": ("ignored, answered by its mean", losses.ignored(p), expected(sparse_world(1), [[0.0]], p / 2)),
    "L1.0": ("ignored, without a bias", losses.ignored(p, bias=0.0), expected(sparse_world(1), [[0.0]])),
    "L2": ("a dimension of its own", losses.dedicated(p), expected(sparse_world(2), apart)),
    "L3": ("linear: the two most important of four", losses.linear_optimum(p, decays, 2), kept),
    "L4": ("antipodal pair", losses.antipodal(p, 0.3, 1.0, r), unequal),
    "L5": ("triangle", losses.triangle(p), expected(sparse_world(3), geometry.simplex(2))),
    "L6": ("three correlated collapsed", losses.collapsed_set(p, 3), expected(three, np.ones((1, 3)) / 3**0.5)),
    "L7": ("two correlated pairs, crossed", losses.crossed_sets(p), expected(CorrelatedWorld(**pairs), crossed)),
    "L8": ("anticorrelated pair", losses.anticorrelated_digon(p), exclusive),
    "L9": ("such pairs, wrongly paired", losses.crossed_anticorrelated(p), astray),
    "L10": ("two sets of three collapsed on one line", losses.collapsed_antipodal(p, 3), collapsed),
    "L11": ("both confused, no bias", losses.confused(p, r), mixed),
    "L12": ("absolute value, four neurons", losses.absolute_top_features(p, decays[:3], 4), absolute(3, 2)),
    "L13": ("correlated three: largest eigenvalue", losses.pca_spectrum(p, 3)[0], spectrum(three)[0]),
    "L13.2": ("and the others", losses.pca_spectrum(p, 3)[1], spectrum(three)[1:].mean()),
}  # fmt: skip
closed, enumerated = (np.array([float(form[i]) for form in forms.values()]) for i in (1, 2))

# %% Linear models: benefit plus interference is the loss on normal inputs, for any matrix
draw = np.random.default_rng(0)
rows = draw.normal(size=(args.pick(smoke=2_000, default=100_000, paper=1_000_000), 8))
matrices = draw.normal(size=(args.pick(smoke=5, default=20, paper=50), 3, 8)) * draw.uniform(0.1, 0.7, (1, 1, 8))
importance = 0.8 ** np.arange(8)


def sampled(W):
    """The mean over rows, and its standard error."""
    errors = ((rows - rows @ (W.T @ W)) ** 2) @ importance
    return errors.mean(), errors.std() / len(rows) ** 0.5


linear = np.array([[float(geometry.losses.whitened_linear(jnp.asarray(W), importance)), *sampled(W)] for W in matrices])
standard = np.abs(linear[:, 1] - linear[:, 0]) / linear[:, 2]


# %% ReLU models: if features are rare, what counts is nothing on, and one on at a time
def one_at_a_time(W, b, p):
    """(1-p)^n L_0 + p (1-p)^(n-1) L_1, where L_1 is every feature's own error and what it spills on the others."""
    G, n = np.asarray(geometry.gram(jnp.asarray(W))), W.shape[1]
    own = np.asarray(geometry.own_error(np.diag(G), b))
    spilt = np.asarray(geometry.spill(G, np.asarray(b)[:, None]))
    alone = own.sum() + spilt.sum() - np.trace(spilt)
    return (1 - p) ** n * (np.maximum(b, 0) ** 2).sum() + p * (1 - p) ** (n - 1) * alone


pentagon = np.asarray(geometry.polygon(5))
norm, bias = (float(v) for v in geometry.one_sparse_optimum(jnp.asarray(pentagon))[1:])
density = np.geomspace(1e-4, 1, args.pick(smoke=9, default=41, paper=81))
sparse = np.array(
    [
        [float(geometry.packing_loss(pentagon, d, norm**2, bias)), one_at_a_time(norm * pentagon, np.full(5, bias), d)]
        for d in density
    ]
)

rare = 1e-3


def random_model(n, hidden):
    """Directions without a plan, some biases as of features left out, the others below 0."""
    return draw.normal(size=(hidden, n)) * 0.5, np.where(np.arange(n) % 4 == 0, rare / 2, -0.1)


five, ten = random_model(5, 2), random_model(10, 3)
of_five = one_at_a_time(*five, rare) / expected(SparseWorld(n_features=5, density=rare), *five)
many, blocks = args.pick(smoke=(2**14, 4), default=(2**17, 32), paper=(2**17, 256))


@jax.jit
def one_block(i):
    W, b = ten
    x = SparseWorld(n_features=10, density=rare).sample(jax.random.fold_in(jax.random.key(0), i), many).x
    return ((x - jax.nn.relu(x @ (W.T @ W) + b)) ** 2).sum(-1).mean()


of_ten = one_at_a_time(*ten, rare) / np.mean([one_block(i) for i in range(blocks)])

# %% How many directions fit: the largest |cosine| of N random ones (Johnson and Lindenstrauss)
sizes, counts = (
    [10, 30, 100, 300],
    [2, 5, 10, 30, 100, 300, *args.pick(smoke=[], default=[1000, 2000], paper=[1000, 3000, 10_000])],
)


def largest(d, n):
    U = draw.normal(size=(n, d)).astype(np.float32)
    U /= np.linalg.norm(U, axis=1, keepdims=True)
    products = np.abs(U @ U.T)
    np.fill_diagonal(products, 0)
    return products.max()


crowd = np.array(
    [[np.mean([largest(d, n) for _ in range(args.pick(smoke=1, default=3, paper=5))]) for n in counts] for d in sizes]
)
law = np.sqrt(4 * np.log(counts[-1]) / 300)

# %% Claims
near, between = sp.near, sp.between
at = np.abs(density / rare - 1).argmin()
claims = [
    *(
        near(
            f"TMS-06.{name}",
            f"{words}: loss by enumeration" if "13" not in name else words,
            again,
            form,
            1e-3 * abs(form) + 1e-9,
        )
        for (name, (words, *_)), form, again in zip(forms.items(), closed, enumerated, strict=True)
    ),
    between(
        "TMS-06.linear",
        "benefit plus interference against samples: farthest, in standard errors",
        standard.max(),
        high=4,
    ),
    near("TMS-06.sparse.5", "5 random features in a plane, density 0.001: one at a time over exact", of_five, 1, 0.03),
    near("TMS-06.sparse.10", "10 random features in 3 dimensions: one at a time over samples", of_ten, 1, 0.03),
    near(
        "TMS-06.sparse.pentagon",
        "a pentagon at its best: one at a time over exact",
        sparse[at, 1] / sparse[at, 0],
        1,
        0.03,
        why="it loses so little with one on that two on together count for a little more than 3 %",
    ),
    near(
        "TMS-02.1",
        f"largest |cosine| of {counts[-1]} random directions in 300 dimensions, over √(4 ln N / d)",
        crowd[-1, -1] / law,
        1,
        0.15,
    ),
]

# %% What is left behind
tables = {
    "forms": sp.Table({"form": list(forms), "route": ["closed", "enumerated"]}, np.stack([closed, enumerated], 1)),
    "linear": sp.Table({"matrix": range(len(matrices)), "of": ["closed", "sampled", "error"]}, linear),
    "sparse": sp.Table({"density": density, "of": ["exact", "one at a time"]}, sparse),
    "crowd": sp.Table({"d": sizes, "N": counts}, crowd),
}
numbers = {
    "linear_standard_errors": standard.max(),
    "sparse_five": of_five,
    "sparse_ten": of_ten,
    "crowd": crowd[-1, -1],
}
args.leave(tables, numbers, claims=claims)
