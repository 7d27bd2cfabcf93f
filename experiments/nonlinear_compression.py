"""Two numbers squeezed into one by a saw-tooth come out better than from any linear mixture, if the teeth are sharp.

Claim     A piecewise linear code of Z steps loses about 1/(12 Z²) + ε/6 when its jumps are ramps of width ε; the best
          linear code loses 1/12 (TMS-35).
Leaves    results/nonlinear_compression: loss (steps, ramp); linear (code); of three steps and ramps of 0.1 the code
          (y, x) and what is decoded (number, t)
Takes     a few seconds at every profile; nothing is trained
"""

# %% t = (⌊Zx⌋ + y) / Z, every jump made a ramp: the floor climbs over the last ε of each unit, y is squeezed below
import numpy as np
from scipy.stats.qmc import Sobol

import superpose as sp

args = sp.experiment(__doc__)


def stairs(u, ramp):
    """The floor of u, climbing to the next stair over the last `ramp` of each."""
    return np.floor(u) + _climb(u % 1, ramp)


def teeth(u, ramp):
    """What u has above its floor, stretched to reach 1, and falling back to 0 over the last `ramp` of each unit."""
    return np.where(u % 1 <= 1 - ramp, u % 1 / (1 - ramp), 1 - _climb(u % 1, ramp))


def _climb(part, ramp):
    return np.clip((part - (1 - ramp)) / ramp, 0, 1) if ramp else np.zeros_like(part)


def encode(x, y, steps, ramp):
    return (stairs(steps * x, ramp) + (1 - ramp) * y) / steps


def decode(t, steps, ramp):
    """The middle of the stair that t is on, and how high on the stair."""
    return np.clip((stairs(steps * t, ramp) + 0.5) / steps, 0, 1), teeth(steps * t, ramp)


# %% Squared errors of both numbers, over evenly spread points of the unit square
x, y = Sobol(2, scramble=False).random(2 ** args.pick(smoke=12, default=18, paper=22)).T
steps, ramps = [1, 2, 3, 4, 6], np.linspace(0, 0.3, args.pick(smoke=7, default=31, paper=61))


def lost(steps, ramp):
    x_again, y_again = decode(encode(x, y, steps, ramp), steps, ramp)
    return ((x - x_again) ** 2 + (y - y_again) ** 2).mean()


loss = np.array([[lost(z, ramp) for ramp in ramps] for z in steps])

# %% The two linear codes: keep one number and answer ½ for the other, or keep the mean and answer it for both
linear = np.array([((y - 0.5) ** 2).mean(), ((x - (x + y) / 2) ** 2 + (y - (x + y) / 2) ** 2).mean()])

# %% Claims
three, near, between = steps.index(3), sp.near, sp.between
printed = {0: 0.0093, 0.05: 0.0174, 0.1: 0.0254, 0.2: 0.0420}
law = np.array([1 / (12 * z**2) + ramps / 6 for z in steps])
of_three = {ramp: loss[three, np.abs(ramps - ramp).argmin()] for ramp in printed}
claims = [
    *(
        near(
            f"TMS-35.{ramp:g}",
            f"three steps, ramps of {ramp:g}: loss of both numbers",
            of_three[ramp],
            value,
            0.01 * value,
        )
        for ramp, value in printed.items()
    ),
    between(
        "TMS-35.law",
        "three steps: distance from 1/(12 Z²) + ε/6 over it",
        np.abs(loss / law - 1)[three].max(),
        high=0.02,
    ),
    near("TMS-35.keep", "linear: keep one number", linear[0], 1 / 12, 1e-4),
    near("TMS-35.mean", "linear: keep the mean", linear[1], 1 / 12, 1e-4),
    between("TMS-35.gain", "three steps, ramps of 0.1: linear loss over ours", linear.min() / of_three[0.1], low=3),
]

# %% What is left behind: the losses, and one code whole
side = np.linspace(0, 0.999, args.pick(smoke=61, default=201, paper=401))
whole = encode(*np.meshgrid(side, side), 3, 0.1)
back = np.stack(decode(np.linspace(0, 1, 601), 3, 0.1))
tables = {
    "loss": sp.Table({"steps": steps, "ramp": ramps}, loss),
    "linear": sp.Table({"code": ["one", "mean"]}, linear),
    "code": sp.Table({"y": side, "x": side}, whole.astype(np.float32)),
    "decoded": sp.Table({"number": ["x", "y"], "t": np.linspace(0, 1, 601)}, back),
}
numbers = {f"loss_{ramp:g}": value for ramp, value in of_three.items()}
args.leave(tables, numbers, claims=claims)
