"""Checks what an organisation's privacy policy promises against what its logs show.

>>> import audit
>>> wb = audit.open(period="2026Q3")
>>> wb["consent_coverage"].violation > 0
True
>>> audit.due("breach", "2026-07-01T09:00+02:00").due.isoformat()
'2026-07-04T09:00:00+02:00'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audit.analyst.opening import open_bench as open  # noqa: A004 - audit.open reads as it is meant
    from audit.timelimit import due as due

__version__ = "0.1.0"
__all__ = ["due", "open"]
_LATE = {"due": ("audit.timelimit", "due"), "open": ("audit.analyst.opening", "open_bench")}


def __getattr__(name: str) -> Any:
    # Late, so that `import audit` and `audit --help` do not wait for the engine.
    if name not in _LATE:
        raise AttributeError(f"module 'audit' has no attribute {name!r}")
    module, own_name = _LATE[name]
    return getattr(import_module(module), own_name)


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
