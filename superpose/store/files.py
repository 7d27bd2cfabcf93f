"""Where the store finds how files are written."""

from superpose.core.files import settle, write, write_json

__all__ = ["settle", "write", "write_json"]
