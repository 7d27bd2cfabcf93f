"""Toy models of superposition, and the tools to read them, in JAX and Flax."""

__version__ = "0.1.0"
