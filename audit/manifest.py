"""What an answer follows from, by hash: the inputs, the rules, the law, and the question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from audit.asked import Asked
from audit.catalog import Check
from audit.observed import ARTICLES
from audit.policy import Policy
from audit.results import SourceFile
from audit.snapshot import digest
from audit.statutes import Law
from audit.store import VIEWS, sql_file

_SQL = (
    "deadlines",
    "derived/event_groups",
    *(f"derived/{n}" for n in VIEWS),
    *(f"transparency/{n}" for n in ARTICLES),
)


def manifest_of(
    package: str,
    asked: Asked,
    inputs: tuple[SourceFile, ...],
    *,
    catalog: Mapping[str, Check],
    law: Law,
    policy: Policy,
) -> dict[str, Any]:
    """Everything the results follow from, as reports print it; ``package`` is the version that computes."""
    scope = {"as_of": asked.as_of.isoformat(), "client_id": asked.client_id, "role": asked.role}
    return {
        "package": package,
        "question": {"period": asked.period.label, **scope},
        "inputs": [asdict(f) for f in inputs],
        "checks": {c.name: c.sha256 for c in catalog.values()},
        "law": dict(law.sha256),
        "policy": dict(policy.sha256),
        "sql": digest([sql_file(name) for name in _SQL]),
    }


def question_of(manifest: Mapping[str, Any]) -> str:
    """The name under which answers are kept: of the same question to the same data under the same rules.

    The code that turns a check's rows into an answer is part of it: an answer of other code is not reused.
    """
    return digest({k: v for k, v in manifest.items() if k != "checks"} | {"judged by": judged_by()})


def judged_by() -> str:
    """The hash of the code that turns a check's rows into an answer, and says whose rows they are."""
    return digest([(files("audit") / name).read_text("utf-8") for name in ("judge.py", "asked.py", "persons.py")])
