"""Where features point and what that costs: matrices in, numbers out. `W` is `hidden features` throughout."""

from superpose.geometry import losses, phases, surfaces
from superpose.geometry.attacks import Harm, attacks, vulnerability
from superpose.geometry.census import Census, census, joint, signature
from superpose.geometry.congruence import Match, align
from superpose.geometry.energies import Packing, one_sparse_energy, one_sparse_optimum, own_error, spill
from superpose.geometry.gram import (
    basis_alignment,
    capacity,
    dimensionality,
    dimensions_per_feature,
    directions,
    features_per_dimension,
    gram,
    interference,
    norms,
    represented,
    superposition,
)
from superpose.geometry.motifs import Motif, asymmetric_motifs
from superpose.geometry.neurons import features_read, neuron_order, participation, rescaled
from superpose.geometry.packings import packing_loss, packing_optimum
from superpose.geometry.polytopes import (
    cross_polytope,
    cube,
    icosahedron,
    polygon,
    simplex,
    square_antiprism,
    tegum,
    triangular_prism,
)
from superpose.geometry.recognise import Component, components, recognise

__all__ = [
    "Census",
    "Component",
    "Harm",
    "Match",
    "Motif",
    "Packing",
    "align",
    "asymmetric_motifs",
    "attacks",
    "basis_alignment",
    "capacity",
    "census",
    "components",
    "cross_polytope",
    "cube",
    "dimensionality",
    "dimensions_per_feature",
    "directions",
    "features_per_dimension",
    "features_read",
    "gram",
    "icosahedron",
    "interference",
    "joint",
    "losses",
    "neuron_order",
    "norms",
    "one_sparse_energy",
    "one_sparse_optimum",
    "own_error",
    "packing_loss",
    "packing_optimum",
    "participation",
    "phases",
    "polygon",
    "recognise",
    "represented",
    "rescaled",
    "signature",
    "simplex",
    "spill",
    "square_antiprism",
    "superposition",
    "surfaces",
    "tegum",
    "triangular_prism",
    "vulnerability",
]
