"""Checks what an organisation's privacy policy promises against what its logs show."""
