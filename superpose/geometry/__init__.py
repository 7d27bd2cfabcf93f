"""Where features point and what that costs: matrices in, numbers out. `W` is `hidden features` throughout."""

from superpose.geometry import losses, phases, surfaces
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
    "Component",
    "Packing",
    "basis_alignment",
    "capacity",
    "components",
    "cross_polytope",
    "cube",
    "dimensionality",
    "dimensions_per_feature",
    "directions",
    "features_per_dimension",
    "gram",
    "icosahedron",
    "interference",
    "losses",
    "norms",
    "one_sparse_energy",
    "one_sparse_optimum",
    "own_error",
    "phases",
    "polygon",
    "recognise",
    "represented",
    "simplex",
    "spill",
    "square_antiprism",
    "superposition",
    "surfaces",
    "tegum",
    "triangular_prism",
]
