"""Shapes joined in orthogonal subspaces keep their features' shares, so that bipyramids have corners of two kinds.

Claim     A triangular bipyramid is three features of 2/3 and two of 1/2, not five of 3/5; a pentagonal one five of 2/5
          and two of 1/2; an octahedron six of 1/2 (TMS-13). Basis vectors seen along (1, …, 1) make a simplex.
Leaves    results/tegum: D_NAME and corners_NAME of each joined shape; gram of four projected basis vectors;
          cosine (n) of n of them; packing, what shapes cost, as one_sparse left it
Takes     a few seconds at every profile; nothing is trained
"""
# reads: one_sparse

# %% Bipyramids are joins, whose factors lie in orthogonal subspaces
import jax
import jax.numpy as jnp
import numpy as np

import superpose as sp
from superpose import geometry

args = sp.experiment(__doc__)
jax.config.update("jax_enable_x64", True)
digon, triangle, pentagon = geometry.simplex(1), geometry.simplex(2), geometry.polygon(5)
joined = {
    "triangular_bipyramid": geometry.tegum(triangle, digon),
    "pentagonal_bipyramid": geometry.tegum(pentagon, digon),
    "octahedron": geometry.tegum(digon, digon, digon),
}
shares = {name: np.asarray(geometry.dimensionality(W)) for name, W in joined.items()}
expected = {
    "triangular_bipyramid": [2 / 3] * 3 + [1 / 2] * 2,
    "pentagonal_bipyramid": [2 / 5] * 5 + [1 / 2] * 2,
    "octahedron": [1 / 2] * 6,
}
off = {name: np.abs(shares[name] - expected[name]).max() for name in joined}
even = {name: W.shape[0] / W.shape[1] for name, W in joined.items()}  # what each would own if all owned alike

# %% By another route: random rotations of the whole, which no share notices
turned = []
for seed in range(args.pick(smoke=3, default=20, paper=200)):
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    turned += [
        np.abs(np.asarray(geometry.dimensionality(jnp.asarray(turn @ W))) - shares[n]).max() for n, W in joined.items()
    ]

# %% Basis vectors projected along (1, …, 1): a matrix of rank n - 1 whose columns are a regular simplex
sizes = range(2, 11)


def projected(n):
    return np.eye(n) - np.full((n, n), 1 / n)


def cosines(W):
    U = W / np.linalg.norm(W, axis=0)
    return (U.T @ U)[~np.eye(len(W), dtype=bool)]


cosine = {n: cosines(projected(n)) for n in sizes}
stray = max(np.abs(cosine[n] + 1 / (n - 1)).max() for n in sizes)
gram_off = max(np.abs(projected(n).T @ projected(n) - projected(n)).max() for n in sizes)
simplex_off = max(
    np.abs(np.asarray(geometry.gram(geometry.simplex(n - 1))) * (1 - 1 / n) - projected(n)).max() for n in sizes
)
ranks = [np.linalg.matrix_rank(projected(n)) - (n - 1) for n in sizes]

# %% Claims
near, between = sp.near, sp.between
claims = [
    *(
        between(
            f"TMS-13.{name}",
            f"{name.replace('_', ' ')}: shares of a dimension, farthest from 2/3, 2/5 or 1/2",
            off[name],
            high=1e-12,
        )
        for name in joined
    ),
    *(
        near(f"TMS-13.{name}.sum", f"{name.replace('_', ' ')}: its shares add up to", shares[name].sum(), 3, 1e-12)
        for name in joined
    ),
    between(
        "TMS-13.not.five",
        "triangular bipyramid: distance from 3/5 each",
        np.abs(shares["triangular_bipyramid"] - even["triangular_bipyramid"]).min(),
        low=0.05,
    ),
    between(
        "TMS-13.not.seven",
        "pentagonal bipyramid: distance from 3/7 each",
        np.abs(shares["pentagonal_bipyramid"] - even["pentagonal_bipyramid"]).min(),
        low=0.02,
    ),
    between("TMS-13.turned", "the same after any rotation: largest change of a share", max(turned), high=1e-12),
    between(
        "TMS-13.cosine",
        "basis vectors along (1, …, 1), n = 2 to 10: cosines, farthest from -1/(n - 1)",
        stray,
        high=1e-12,
    ),
    between("TMS-13.gram", "their products: farthest from I - 11ᵀ/n", gram_off, high=1e-12),
    between("TMS-13.simplex", "and from those of the regular simplex, scaled", simplex_off, high=1e-12),
    near("TMS-13.rank", "their rank less n - 1, largest", max(ranks), 0, 0),
]

# %% What is left behind, with what shapes cost one feature at a time for a scatter beside Thomson's problem
packing = args.read("one_sparse")["packing"]
tables = {f"D_{name}": sp.Table({"corner": range(len(D))}, D) for name, D in shares.items()}
tables |= {
    f"corners_{n}": sp.Table({"axis": ["x", "y", "z"], "corner": range(W.shape[1])}, W) for n, W in joined.items()
}
tables |= {"gram": sp.Table({"i": range(4), "j": range(4)}, projected(4)), "packing": packing}
tables["cosine"] = sp.Table({"n": sizes}, np.array([cosine[n].mean() for n in sizes]))
args.leave(tables, {f"off_{name}": value for name, value in off.items()}, claims=claims)
