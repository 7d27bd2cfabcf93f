"""One recogniser for any matrix: a toy's features, a language model's unembedding, a dictionary's decoder.

Claim     The same calls find opposite pairs in a toy and again in the decoder of a dictionary that saw only the toy's
          hidden layer, and nothing in the unembedding of a language model that has not been trained (GEO).
Leaves    results/any_matrix: W_NAME, the matrix of each; coherence, welch, overlap, luck, share, named (matrix)
Takes     15 s on two busy cores; seconds with --smoke
"""

# %% A toy that packs ten features into five dimensions
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import superpose as sp
from superpose import geometry
from superpose.taps import silent

args = sp.experiment(__doc__)
k_toy, k_text, k_sae = jax.random.split(jax.random.key(0), 3)
world = sp.SparseWorld(n_features=10, density=0.1)
recipe = args.change(
    sp.Recipe(
        world=world,
        model=sp.ToyConfig(n_features=10, n_hidden=5),
        learning_rate=1e-2,
        schedule="cosine",
        steps=args.pick(smoke=50, default=3000, paper=20_000),
        batch=args.pick(smoke=64, default=256, paper=1024),
    )
)
toys = sp.sweep(recipe, {"seed": range(args.pick(smoke=1, default=6, paper=32))}, k_toy)
toy = toys.best("seed", n=20_000).run().model


# %% A dictionary fitted to the toy's hidden layer: an ordinary recipe on the world as it is seen from that site
@sp.pytree
class DictionaryConfig:
    width: int = sp.whole()
    n_latents: int = sp.whole()

    def build(self, rngs):
        return Dictionary(self, rngs=rngs)


class Dictionary(nnx.Module):
    """Latents that are never negative, each with a direction of its own; few are on, because being on costs."""

    def __init__(self, config, *, rngs):
        D = jax.random.normal(rngs.params(), (config.width, config.n_latents))
        D = D / jnp.linalg.norm(D, axis=0)
        self.D, self.E, self.b = nnx.Param(D), nnx.Param(D.T), nnx.Param(jnp.zeros(config.n_latents))
        self.config = sp.plain(config)

    def __call__(self, x, tap=silent):
        latents = tap("latents", jax.nn.relu(x @ self.E[...].T + self.b[...]))
        D = self.D[...]
        return tap("out", latents @ (D / jnp.linalg.norm(D, axis=0)).T)


dictionary = sp.Recipe(
    world=sp.SiteWorld(model=toy, site="hidden", inputs=world),
    model=DictionaryConfig(width=5, n_latents=10),
    objective=sp.Reconstruct(penalties=(sp.ActivationPenalty(site="latents", rate=0.03),)),
    learning_rate=1e-2,
    schedule="cosine",
    steps=args.pick(smoke=50, default=3000, paper=20_000),
    batch=args.pick(smoke=64, default=256, paper=1024),
)
saes = sp.sweep(dictionary, {"seed": range(args.pick(smoke=1, default=4, paper=32))}, k_sae)
sae = saes.best("seed", n=20_000).run().model


# %% A language model of one attention layer, before and after it learns to continue what it has seen
@sp.pytree
class Repeats:
    """A random sequence, then the same again; only the second half is scored."""

    vocab: int = sp.whole()
    length: int = sp.whole()

    def sample(self, key, n):
        first = jax.random.randint(key, (n, self.length), 0, self.vocab)
        tokens = jnp.concatenate([first, first], axis=1)
        scored = jnp.arange(2 * self.length - 1) >= self.length - 1
        return sp.Batch(x=tokens[:, :-1], y=tokens[:, 1:], weight=scored.astype(float))


@sp.pytree
class SpeakerConfig:
    vocab: int = sp.whole()
    context: int = sp.whole()
    width: int = sp.whole()

    def build(self, rngs):
        return Speaker(self, rngs=rngs)


class Speaker(nnx.Module):
    """Tokens and places embedded, two layers of attention, and the unembedding U."""

    def __init__(self, config, *, rngs):
        v, c, d = config.vocab, config.context, config.width
        self.U, self.E = (nnx.Param(jax.random.normal(rngs.params(), s) * d**-0.5) for s in ((d, v), (v, d)))
        self.P = nnx.Param(jax.random.normal(rngs.params(), (c, d)) * d**-0.5)
        self.QK, self.OV = (nnx.Param(jax.random.normal(rngs.params(), (2, d, d)) * d**-0.5) for _ in range(2))
        self.config = sp.plain(config)

    def __call__(self, tokens, tap=silent):
        past = jnp.tri(tokens.shape[1], dtype=bool)
        resid = self.E[...][tokens] + self.P[...][: tokens.shape[1]]
        for i, (QK, OV) in enumerate(zip(self.QK[...], self.OV[...], strict=True)):
            scores = jnp.einsum("bqd,de,bse->bqs", resid, QK, resid)
            pattern = tap(f"pattern.{i}", jax.nn.softmax(jnp.where(past, scores, -1e9)))
            resid = resid + pattern @ resid @ OV
        return tap("logits", resid @ self.U[...])


speech = sp.Recipe(
    world=Repeats(vocab=24, length=6),
    model=SpeakerConfig(vocab=24, context=12, width=8),
    objective=sp.next_token,
    learning_rate=1e-2,
    steps=args.pick(smoke=20, default=600, paper=20_000),
    batch=args.pick(smoke=16, default=64, paper=256),
)
untrained = speech.model.build(nnx.Rngs(jax.random.key(1)))
heard = sp.fit(speech, k_text)

# %% The same few calls for every one of them
matrices = {
    "toy": toy.W[...],
    "dictionary": sae.D[...],
    "unembedding, untrained": untrained.U[...],
    "unembedding, trained": heard.model.U[...],
}


def looked(W):
    m, n = W.shape
    U = np.asarray(geometry.directions(W), float)
    cosines = (U.T @ U)[np.triu_indices(n, 1)]
    components = geometry.recognise(W)
    named = sum(len(c.features) for c in components if c.name not in ("unknown", "diffuse")) / n
    return {
        "coherence": np.abs(cosines).max(),
        "welch": np.sqrt(max(0, n - m) / (m * (n - 1))),
        "overlap": (cosines**2).mean(),
        "luck": 1 / m,
        "share": float(geometry.dimensionality(W).mean()),
        "named": named,
    }


rows = {name: looked(W) for name, W in matrices.items()}
words = {name: geometry.signature(geometry.recognise(W)) for name, W in matrices.items()}
for name, told in words.items():
    print(f"{name}: {told}; " + ", ".join(f"{key} {value:.3g}" for key, value in rows[name].items()))

# %% Which of the toy's features the dictionary found
D, W = (np.asarray(geometry.directions(matrices[name]), float) for name in ("dictionary", "toy"))
recovered = (W.T @ D).max(1)

# %% Claims
least = min(row["coherence"] - row["welch"] for row in rows.values())
before = rows["unembedding, untrained"]
claims = [
    sp.between("GEO.any.welch", "coherence less the Welch bound, least of all matrices", least, low=-1e-6),
    sp.between("GEO.any.random", "untrained unembedding: features in a named shape", before["named"], 0, 0),
    sp.near("GEO.any.luck", "its mean squared cosine, over that of random ones", before["overlap"] * 8, 1, 0.2),
]
claims += args.pick(
    smoke=[],
    default=(
        trained := [
            sp.between("GEO.any.toy", "toy: features in a named shape", rows["toy"]["named"], low=1),
            sp.between(
                "GEO.any.recovered", "its features: least cosine with the nearest latent", recovered.min(), low=0.9
            ),
            sp.between(
                "GEO.any.dictionary", "dictionary: latents in a named shape", rows["dictionary"]["named"], low=0.8
            ),
        ]
    ),
    paper=trained,
)

# %% What is left behind
tables = {f"W_{name}": sp.Table({}, np.asarray(W)) for name, W in matrices.items()}
tables |= {key: sp.Table({"matrix": list(rows)}, [row[key] for row in rows.values()]) for key in before}
tables["recovered"] = sp.Table({"feature": range(10)}, recovered)
numbers = {"speech_loss_first": float(heard.loss[0]), "speech_loss_last": float(heard.loss[-1])}
args.leave(tables, numbers, recipe=recipe, claims=claims)
