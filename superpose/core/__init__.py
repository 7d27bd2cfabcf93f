"""What knows nothing about superposition: trees, keys, checks, text."""
