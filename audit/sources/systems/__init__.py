"""The systems whose exports can be imported: one module each."""

from __future__ import annotations

from collections.abc import Mapping

from audit.sources.systems import (
    accounting,
    benefits,
    cookies,
    intercom,
    mira_crm,
    payroll,
    recruitment,
    targetprocess,
    tracker,
)
from audit.sources.systems.export import System

_ALL: tuple[System, ...] = (
    # One a line, in the alphabet.
    accounting.SYSTEM,
    benefits.SYSTEM,
    cookies.SYSTEM,
    intercom.SYSTEM,
    mira_crm.SYSTEM,
    payroll.SYSTEM,
    recruitment.SYSTEM,
    targetprocess.SYSTEM,
    tracker.SYSTEM,
)
SYSTEMS: Mapping[str, System] = {s.name: s for s in _ALL}
