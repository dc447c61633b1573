"""Checks what an organisation's privacy policy promises against what its logs show."""

__version__ = "0.1.0"
