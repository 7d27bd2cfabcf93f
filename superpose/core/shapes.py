"""Names for array shapes. `Float[Array, "hidden features"]` reads as a matrix and costs nothing."""

from jax import Array
from jaxtyping import Bool, Float, Int, Num, UInt
from jaxtyping import Key as _Key

Key = _Key[Array, ""]

__all__ = ["Array", "Bool", "Float", "Int", "Key", "Num", "UInt"]
