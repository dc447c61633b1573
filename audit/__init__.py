"""Checks what an organisation's privacy policy promises against what its logs show.

>>> import audit
>>> wb = audit.open("data/audit.db", period="2026Q3")  # doctest: +SKIP
>>> wb.check_all()  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audit.run import open_workbench as open  # noqa: A004 - audit.open reads as it is meant
    from audit.timelimit import due as due

__version__ = "0.1.0"
__all__ = ["due", "open"]


def __getattr__(name: str) -> Any:
    # Late, so that `import audit` and `audit --help` do not wait for the engine.
    if name == "open":
        from audit.run import open_workbench

        return open_workbench
    if name == "due":
        from audit.timelimit import due

        return due
    raise AttributeError(f"module 'audit' has no attribute {name!r}")
