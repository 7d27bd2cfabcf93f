"""What is kept on disk: artefacts of experiments, sealed folders, states and weights."""

from superpose.store.artefacts import (
    from_json,
    load,
    load_changes,
    load_data_in_words,
    load_numbers,
    load_profile,
    save,
)
from superpose.store.made import provenance
from superpose.store.weights import load_weights, save_weights

__all__ = [
    "from_json", "load", "load_changes", "load_data_in_words", "load_numbers", "load_profile", "load_weights",
    "provenance", "save", "save_weights",
]  # fmt: skip
