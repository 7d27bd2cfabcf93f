"""The asymmetric motif is found in the paper's idealisation of it, and in nothing that lacks one of its parts."""

import numpy as np
import pytest

from superpose.core.mistakes import BadValue
from superpose.geometry import asymmetric_motifs

W1 = np.array([[2.0, -0.5], [-1.0, 0.0], [0.0, 1.0]])  # the paper's neuron, an inhibitor, and one for feature 1 alone
W2 = np.array([[0.5, 1.0, 0.0], [2.0, -2.0, 1.0]])


def test_the_papers_idealisation_is_the_motif():
    assert asymmetric_motifs(W1, W2) == [(0, 0, 1, 4.0, 0.25, (1,))]


def test_units_of_a_neuron_and_the_order_of_neurons_and_features_do_not_matter():
    units, neurons, features = np.array([3.0, 0.2, 1.0]), [2, 0, 1], [1, 0]
    into, out = (W1 * units[:, None])[neurons][:, features], (W2 / units)[features][:, neurons]
    (motif,) = asymmetric_motifs(into, out)
    assert motif[:3] == (1, 1, 0)
    assert motif.inhibitors == (2,)
    np.testing.assert_allclose(motif[3:5], (4.0, 0.25), rtol=1e-6)


def test_inhibitors_come_strongest_first():
    into, out = np.vstack([W1, [[-1.0, 0.0]]]), np.hstack([W2, [[0.0], [-5.0]]])
    assert asymmetric_motifs(into, out)[0].inhibitors == (3, 1)


@pytest.mark.parametrize(
    ("into", "out"),
    [
        (W1, np.where(W2 < 0, 0, W2)),  # nobody inhibits
        (W1, [[2.0, 1.0, 0.0], [0.5, -2.0, 1.0]]),  # reads and writes the same feature more
        ([[1.0, -0.8], *W1[1:]], W2),  # reads both alike
        ([[2.0, -0.1], *W1[1:]], W2),  # hardly reads the second
        (W1, [[0.5, 1.0, 0.0], [-2.0, -2.0, 1.0]]),  # writes it negatively
    ],
)
def test_without_one_of_its_parts_there_is_no_motif(into, out):
    assert asymmetric_motifs(np.array(into), np.array(out)) == []


def test_a_stack_of_models_is_refused():
    with pytest.raises(BadValue, match="motifs are sought in one model"):
        asymmetric_motifs(W1[None], W2[None])
