"""No code can keep more sparse features than compressed sensing allows, and toy models follow its shape.

Claim     To recover k of n features takes in the order of k log(n/k) dimensions; at density p that is -p ln p for each
          feature. What trained models spend for a feature falls with it (TMS-38).
Leaves    results/compressed_sensing: spent, bound (density): dimensions per feature D*, and -p ln p
Takes     5 s after dimensionality
"""
# reads: dimensionality

# %% Dimensions that a feature costs, and what the bound's shape is
import numpy as np
from scipy.stats import spearmanr

import superpose as sp

args = sp.experiment(__doc__)
spent = args.read("dimensionality")["dstar"]
p = spent.ticks("density")
bound = np.maximum(-p * np.log(p), 0)

# %% Sparse means k much below n: beyond density 1/e the formula turns back, and says nothing
sparse = p < np.exp(-1)
features, allowed = 1 / spent.values[sparse], 1 / bound[sparse]
rank = spearmanr(features, allowed)[0]
ratio = spent.values[sparse] / bound[sparse]

# %% Claims
claims = [
    sp.between("TMS-38.1", "1/D* and 1/(-p ln p) where p < 1/e: rank correlation", rank, low=0.95),
]

# %% What is left behind
tables = {"spent": spent, "bound": sp.Table(spent.axes, bound)}
args.leave(tables, {"rank": rank, "least": ratio.min(), "most": ratio.max()}, claims=claims)
