"""The page on reading a matrix runs as it is written, and its remarks are true."""

import re
import runpy
from pathlib import Path

import numpy as np

PAGE = Path(__file__).parents[1] / "docs/geometry.md"


def test_the_page_runs_as_written_and_says_what_is_so(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    said = runpy.run_path(str(script))
    g, W, best = said["g"], said["W"], said["best"]
    np.testing.assert_allclose(said["shares"], [2 / 5] * 5 + [3 / 4] * 4 + [1 / 2] * 2, rtol=1e-4)
    np.testing.assert_allclose(g.localisation(W), 1.0, rtol=1e-4)
    np.testing.assert_allclose(g.frame_spectrum(W), [3.025, 3.025, 2] + [0.64 * 4 / 3] * 3, rtol=1e-4)
    assert g.participation_ratio(W) < g.effective_rank(W) < 6
    assert g.overlap_distance(said["random"]) < 0.15 < 0.2 < g.overlap_distance(best)
    assert 0.3 < g.signed_coherence(g.polygon(5)) < 0.31 < g.bounds.welch(5, 2)
    assert g.cyclic_neighbours(said["hours"]) == 1 and g.harmonics(said["hours"])[1] > 0.9
