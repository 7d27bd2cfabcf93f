"""Between dense and sparse there is a narrow window where features make triangles, and now and then a tetrahedron.

Claim     At 1/density 1.45 features own two thirds of a dimension, in triangles, and some nearly three quarters, in
          tetrahedra. Denser, few groups come apart; sparser, triangles mix with opposite pairs (TMS-12).
Leaves    results/triangles_and_tetrahedra: W, D, norm of every model (density, seed)
Takes     14 s on two cores; 5 s with --smoke; two minutes with --profile paper
"""

# %% Sixty equal features, twelve dimensions, nearly always on
import jax
import numpy as np

import superpose as sp
from superpose import between, geometry

args = sp.experiment(__doc__)
recipe = args.change(
    sp.Recipe(
        world=sp.SparseWorld(n_features=60),
        model=sp.ToyConfig(n_features=60, n_hidden=12),
        learning_rate=1e-2,
        schedule="quarter_cosine",
        steps=args.pick(smoke=100, default=12_000, paper=15_000),
        batch=args.pick(smoke=64, default=512, paper=512),
        log_every=100,
    )
)
rarities = [1.35, 1.45, 1.65]
over = {"world.density": [1 / r for r in rarities], "seed": range(args.pick(smoke=1, default=4, paper=16))}
swept = sp.sweep(recipe, over, jax.random.key(0), data="shared")


# %% Who owns how much
def look(run):
    W = run.model.W[...]
    return {"W": W, "D": geometry.dimensionality(W), "norm": geometry.norms(W)}


tables = swept.measure(look)
D = tables["D"].values
shapes = [[[c.name for c in geometry.recognise(W)] for W in models] for models in tables["W"].values]


def owned(rarity):
    """The shares of all features but the diffuse, of every model at this density."""
    return [each[each > 0.3] for each in D[rarities.index(rarity)]]


def beside(rarity, shares, within):
    """The part of them that is within so much of one of these shares, model by model."""
    return [np.mean(np.abs(each[:, None] - shares).min(1) < within) for each in owned(rarity)]


def having(shape, rarity):
    return sum(shape in found for found in shapes[rarities.index(rarity)])


# %% Claims
triangles = [int((np.abs(each - 2 / 3) < 0.02).sum()) for each in owned(1.45)]
wide = np.concatenate(owned(1.35))
mixed = beside(1.65, [1 / 2, 2 / 3], 0.02)
told = {"seeds": len(over["seed"])}
claims = [
    between(
        "TMS-12.window.1",
        "1/density 1.45: features within 0.02 of 2/3, in the model with most",
        max(triangles),
        low=12,
        spread=(min(triangles), max(triangles)),
        **told,
    ),
    between(
        "TMS-12.window.2",
        "1/density 1.45: models with a triangle that touches nothing else",
        having("triangle", 1.45),
        low=1,
        **told,
    ),
    between(
        "TMS-12.window.3", "1/density 1.45: models with such a tetrahedron", having("tetrahedron", 1.45), low=1, **told
    ),
    between(
        "TMS-12.window.4",
        "1/density 1.35: the median share of a dimension",
        np.median(wide),
        0.63,
        0.74,
        spread=(wide.min(), wide.max()),
        **told,
    ),
    between(
        "TMS-12.window.5",
        "1/density 1.35: features with a share from 0.63 to 0.74",
        np.mean((wide > 0.63) & (wide < 0.74)),
        low=0.8,
        **told,
    ),
    between(
        "TMS-12.window.6",
        "1/density 1.65: features within 0.02 of 1/2 or 2/3, the mean of models",
        np.mean(mixed),
        low=0.9,
        spread=(min(mixed), max(mixed)),
        **told,
    ),
]

# %% What is left behind
numbers = {f"{shape}_{rarity:g}": having(shape, rarity) for shape in ("triangle", "tetrahedron") for rarity in rarities}
args.leave(tables, numbers | {"most_triangles": max(triangles)}, recipe=recipe, claims=claims)
