"""How fast superpose is, beside PyTorch and beside this machine's limits. `python benchmarks/run.py` runs it all."""
