"""The histogram of overlaps: every pair once, the law over it, and lines at the Welch bound."""

import numpy as np
import pytest
from scipy import stats

from superpose.core.mistakes import BadValue
from superpose.plots import style
from superpose.plots.overlaps import overlaps


@pytest.fixture
def axis():
    return style.figure(3.4, 2.4).subplots()


def cosines(m=20, n=60):
    W = np.random.default_rng(0).normal(size=(m, n))
    W /= np.linalg.norm(W, axis=0)
    return W.T @ W


def law(m=20):
    x = np.linspace(-1, 1, 401)
    return x, stats.beta((m - 1) / 2, (m - 1) / 2, loc=-1, scale=2).pdf(x)


def test_every_pair_is_counted_once_and_the_law_has_the_same_area(axis):
    overlaps(axis, cosines(), law())
    bars = np.array([(p.get_height(), p.get_width()) for p in axis.patches])
    assert bars.prod(1).sum() == pytest.approx(1)
    (line,) = axis.lines
    assert np.trapezoid(line.get_ydata(), line.get_xdata()) == pytest.approx(1, abs=1e-3)
    assert axis.texts[0].get_text() == "1,770 pairs"


def test_the_welch_bound_is_a_line_to_either_side(axis):
    overlaps(axis, np.array([0.1, -0.2]), welch=0.4)
    (lines,) = axis.collections
    assert [segment[0, 0] for segment in lines.get_segments()] == [-0.4, 0.4]
    assert axis.get_xlim() == pytest.approx((-0.44, 0.44))


def test_orthogonal_and_antipodal_pairs_can_be_drawn(axis):
    overlaps(axis, np.eye(3))
    overlaps(axis, np.array([-1.0]))
    assert axis.get_xlim() == (-1, 1)


@pytest.mark.parametrize("bad", [[[1.0]], [np.nan, 0.1]])
def test_what_is_no_cosine_is_refused(axis, bad):
    with pytest.raises(BadValue, match="cosines of pairs"):
        overlaps(axis, np.array(bad))
