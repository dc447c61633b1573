"""A comparison as an edition may show it, and as plain data: what results.json and ``audit compare --json`` hold."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from audit.comparison import Comparison, Restatement
from audit.disclosure import for_edition
from audit.hidden import spelled
from audit.results import OUTCOMES, CheckResult, Results


def comparison_for(comparison: Comparison, results: Results, edition: str, below: int) -> Comparison:
    """A comparison as an edition may show it, of the checks of the results.

    Args:
        comparison: of the same period.
        results: the period's, as the edition shows them.
        edition: in the `external` one the other period's figures are released too, and how many findings came and went
            is left out, as it tells of few where the counts of either period are not shown.
        below: as for audit.disclosure.release.
    """
    before = for_edition(comparison.before, edition, below)
    checks = {
        name: replace(change, now=results[name], before=before[name])
        for name, change in comparison.checks.items()
        if name in results.checks
    }
    restated = _of_checks(comparison.restated, results)
    if edition == "external":
        checks = {name: replace(change, flows=(), oldest=()) for name, change in checks.items()}
        restated = restated and _released(restated, comparison.before, below)
    return replace(
        comparison, now=results, before=before, checks=checks, restated=restated, is_released=edition == "external"
    )


def _of_checks(restated: Restatement | None, results: Results) -> Restatement | None:
    """What moved, of the checks of these results alone."""
    if restated is None:
        return None
    return replace(restated, checks=tuple(c for c in restated.checks if c.now.check in results.checks))


def _released(restated: Restatement, shape: Results, below: int) -> Restatement:
    """Which checks moved, and no more: the same rows counted twice would tell of the few between."""
    today = for_edition(replace(shape, checks={c.now.check: c.now for c in restated.checks}), "external", below)
    checks = [replace(c, now=today[c.now.check], before=today[c.now.check], moved=()) for c in restated.checks]
    return replace(restated, arrivals=(), checks=tuple(checks))


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """A comparison as plain data; hidden figures as the text shown."""
    plain: dict[str, Any] = spelled(_comparison_json(comparison))
    return plain


def _comparison_json(comparison: Comparison) -> dict[str, Any]:
    now, before, restated = comparison.now, comparison.before, comparison.restated
    question = {"client_id": now.client_id, "role": now.role}
    sides = {n: {"period": r.period, "as_of": r.as_of.isoformat()} for n, r in (("now", now), ("before", before))}
    rows = [
        row
        | {"persists": c.persists, "counts_before": _counts(c.before)}
        | ({} if comparison.is_released else _moves(c.flows, c.oldest))
        for row, c in zip(comparison.table(), comparison, strict=True)
    ]
    told = _restated_json(restated, with_figures=not comparison.is_released) if restated else None
    return {**question, **sides, "checks": rows, "restated": told}


def _moves(flows: tuple[Any, ...], oldest: tuple[Any, ...]) -> dict[str, Any]:
    return {"flows": [asdict(f) for f in flows], "oldest": [asdict(o) for o in oldest]}


def _restated_json(restated: Restatement, *, with_figures: bool) -> dict[str, Any]:
    plain = {name: getattr(restated, name) for name in ("run", "report", "period", "as_of")}
    plain["rules"] = [{"kind": kind, "name": name} for kind, name in restated.rules]
    if not with_figures:
        return plain | {"checks": [{"check": c.now.check} for c in restated.checks]}
    return plain | {
        "arrivals": [asdict(a) for a in restated.arrivals],
        "checks": [
            {
                "check": c.now.check,
                "before": _counts(c.before),
                "now": _counts(c.now),
                "moved": [asdict(m) for m in c.moved],
            }
            for c in restated.checks
        ],
    }


def _counts(result: CheckResult) -> dict[str, Any]:
    return {"population": result.population} | {o: result.count(o) for o in OUTCOMES} | {"rate": result.rate}
