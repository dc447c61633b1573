"""What results say, in English: every sentence is computed, with its denominator and what is open beside it.

Text is a plain string or a list of runs; ``{"strong": ...}`` is a figure to be set off.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from babel.dates import format_date

from audit.hidden import is_hidden
from audit.policy import Commitment
from audit.results import CheckResult, Coverage, Results
from audit.words import Words

Text = str | list[Any]

_SINGULAR = {"activities": "activity", "policies": "policy", "communication_preferences": "preference"}
_SPELT = {short: short.upper() for short in ("crm", "dpa", "hr", "sms")} | {"ropa": "record"}
_SHORT = {"processing_events": "events", "processing_activities": "activities", "data_records": "records"}


def plain(text: Text) -> str:
    """A text without its runs' marks."""
    if isinstance(text, str):
        return text
    return "".join(_run(run) for run in text)


def _run(run: Any) -> str:
    """One run's text, whatever its mark."""
    if not isinstance(run, dict):
        return str(run)
    return plain(next((run[key] for key in ("text", "strong", "em", "code") if key in run), " "))


def unit(table: str, n: int | None = None) -> str:
    """What a table's rows are called: `events`, or `event` when there is one."""
    name = table.removeprefix("core.")
    many = _SHORT.get(name, name.replace("_", " "))
    if n != 1:
        return many
    return _SINGULAR.get(name) or _SINGULAR.get(many) or many.removesuffix("s")


def count(words: Words, n: int, one: str, many: str | None = None) -> str:
    """`no violations`, `1 violation`, `1,204 violations`."""
    name = one if n == 1 else many or one + "s"
    return f"{words.integer(n) if n else 'no'} {name}"


def name(check: str) -> str:
    """A check's id as words, as a heading."""
    return sentence_case(reason(check))


def month(words: Words, value: str) -> str:
    """`2026-07` as `July 2026`."""
    return format_date(date.fromisoformat(f"{value}-01"), "LLLL y", words.language)


def sentence_case(text: str) -> str:
    """Its first letter large, the rest as it is."""
    return text[:1].upper() + text[1:]


def reason(code: str | None) -> str:
    """A reason's code as words."""
    return " ".join(_SPELT.get(word, word) for word in (code or "no reason").split("_"))


def amount(words: Words, value: float, in_unit: str | None, *, short: bool = False) -> str:
    """How far over: `3 days`, short `3 d`; two days or more of hours are told in days."""
    if in_unit == "hours" and value >= 48:
        value, in_unit = value / 24, "days"
    value = round(value) if value >= 10 else round(value, 1)
    shown = words.integer(value) if value == int(value) else words.decimal(value, 1)
    name = (in_unit or "")[: 1 if short else None]
    return f"{shown} {name.removesuffix('s') if shown == '1' else name}".strip()


def beside(words: Words, result: CheckResult) -> str:
    """What stands beside every rate: `12 undetermined, none pending or waived`."""
    names = ("pending", "undetermined", "waived")
    some = [f"{words.integer(result.count(o))} {o}" for o in names if result.count(o)]
    none = [o for o in names if not result.count(o)]
    return ", ".join(some + ([f"none {listed(none, 'or')}"] if none else []))


def listed(parts: list[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return f" {last} ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else ""


def missing(result: CheckResult) -> str:
    """Why a check was not evaluated."""
    tables = listed([t.removeprefix("core.").replace("_", " ") for t in result.empty_tables])
    return f"nothing is loaded in {tables}" if tables else "its data is not loaded"


def answer(words: Words, result: CheckResult) -> Text:
    """A check's answer in one or two sentences, with the denominator and everything beside the rate."""
    if not result.evaluated:
        return [{"strong": "Not evaluated"}, f": {missing(result)}, so the data says neither yes nor no."]
    if not result.population:
        return f"The period holds no {unit(result.unit)} of this kind, so there was nothing to judge."
    decided = result.decided
    if not decided:
        n = result.population
        return f"None of the {words.integer(n)} {unit(result.unit, n)} could be decided: {beside(words, result)}."
    tail = f" Beside them: {beside(words, result)}."
    things = f"{words.integer(decided)} {unit(result.unit, decided)} that could be decided"
    if result.compliant == decided:
        lead = "The one" if decided == 1 else "All"
        things = f"{unit(result.unit, 1)} that could be decided" if decided == 1 else things
        return [f"{lead} ", {"strong": things}, f" {'was' if decided == 1 else 'were'} compliant.{tail}"]
    bad = count(words, result.violation, "violation")
    if is_hidden(result.rate):
        return [f"Among the {things} there were ", {"strong": bad}, f".{tail}"]
    return [
        {"strong": words.percent(result.rate)},
        f" of the {things} {'was' if decided == 1 else 'were'} compliant; there ",
        "was " if result.violation == 1 else "were ",
        {"strong": bad},
        f".{tail}",
    ]


def next_step(words: Words, result: CheckResult) -> Text:
    """What to do about it: the commonest reason and where its rows are; in the external edition nothing."""
    if not result.lists_items:
        return "What to mend, and where, stands in the internal edition."
    found = result.findings(limit=1)
    if not found:
        return "Nothing to mend here."
    first = found[0]
    show = {"code": f"audit evidence {first.finding_id}"}
    reasons = (
        result.reasons.get("violation") or result.reasons.get("undetermined") or result.reasons.get("waived") or {}
    )
    common, n = next(iter(reasons.items()), (first.reason, 1))
    return [
        f"Begin with “{reason(common)}”, the reason of {words.integer(n)}. ",
        "The rows behind the worst finding, with file and line: ",
        show,
        ".",
    ]


def promises(results: Results) -> list[CheckResult]:
    """The checks that judge what was done; log_coverage judges the data they rest on and is told apart."""
    return [c for c in results if c.check != "log_coverage"]


def cover(words: Words, results: Results) -> Text:
    """The one sentence that matters, over all checks."""
    asked = promises(results)
    judged = [c for c in asked if c.evaluated and c.rate is not None]
    bad = [c for c in judged if c.violation]
    if not judged:
        return f"Nothing can be said about {results.period}: no check had data it could decide on."
    left, quiet = len(asked) - len(judged), len(silent(results.coverage))
    unsaid = f" {words.integer(left)} could not answer, for want of data." if left else ""
    unsaid += f" Read it with care: {count(words, quiet, 'source')} fell silent for too long." if quiet else ""
    if not bad:
        checks = (
            f"{'the one check' if len(judged) == 1 else f'the {words.integer(len(judged))} checks'} that could answer"
        )
        return [{"strong": "No violation was found"}, f" by {checks}.{unsaid}"]
    told = [c for c in bad if not is_hidden(c.rate)]
    worst = min(told or bad, key=lambda c: (c.rate or 0, c.check))
    checks = f"{words.integer(len(bad))} of {count(words, len(judged), 'check')}"
    total = words.integer(sum(c.violation for c in bad))
    rate = f"; the lowest rate, {words.percent(worst.rate)}, is in {reason(worst.check)}"
    rate = rate if told and len(bad) > 1 else ""
    return [{"strong": f"{checks} found violations"}, f": {total} in all{rate}.{unsaid}"]


def silent(coverage: tuple[Coverage, ...]) -> list[Coverage]:
    """Sources that were silent for longer than the policy allows."""
    return [c for c in coverage if c.outcome == "violation"]


def coverage(words: Words, results: Results) -> Text:
    """Can the data carry the answer?"""
    n, quiet = len(results.coverage), silent(results.coverage)
    refused = sum(results.rejected_rows.values())
    rows = f"{count(words, refused, 'row')} {'was' if refused == 1 else 'were'} refused when loading."
    if replaced := sum(f.replaced for f in results.files):
        rows += f" {count(words, replaced, 'row')} {'was' if replaced == 1 else 'were'} replaced by corrections."
    if not n:
        return f"No source has any row in the period, so nothing below rests on data. {sentence_case(rows)}"
    lead = (
        f"{words.integer(len(quiet))} of {words.integer(n)} sources"
        if quiet
        else f"None of the {words.integer(n)} sources"
    )
    verb = "was" if len(quiet) <= 1 else "were"
    return [{"strong": lead}, f" {verb} silent for longer than the policy allows. ", sentence_case(rows)]


def source(coverage: Coverage, among: tuple[Coverage, ...]) -> str:
    """What a source is called: its rows and its system, where its table tells them apart."""
    rows = sentence_case(unit(coverage.table))
    told_apart = any(c.system_id for c in among if c.table == coverage.table)
    return f"{rows}, {reason(coverage.system_id) if coverage.system_id else 'no system named'}" if told_apart else rows


def tally(words: Words, results: Results) -> Text:
    """How many promises could be held against data, and how they stand."""
    states = [commitment_status(results, c) for c in results.commitments]
    n = {s: states.count(s) for s in ("kept", "violation", "waived", "undetermined", "not_evidenced")}
    held = len(states) - n["not_evidenced"]
    parts = [f"{words.integer(n['kept']) if n['kept'] else 'none'} without a violation"]
    parts.append(f"{words.integer(n['violation']) if n['violation'] else 'none'} with violations")
    parts += [f"{words.integer(n['waived'])} with waived ones only"] * bool(n["waived"])
    parts += [f"{words.integer(n['undetermined'])} in part"] * bool(n["undetermined"])
    rest = f" {words.integer(n['not_evidenced'])} {'is' if n['not_evidenced'] == 1 else 'are'} not evidenced."
    lead = f"{words.integer(held)} of {count(words, len(states), 'promise')}"
    return [{"strong": lead}, f" could be held against data: {listed(parts)}.{rest if n['not_evidenced'] else ''}"]


def commitment_status(results: Results, commitment: Commitment) -> str:
    """`violation`, `kept`, `undetermined` (partly evidenced) or `not_evidenced`: never kept without something decided.

    A promise is kept only when each check it names had something to decide and found no violation without a waiver.
    """
    states = [evidence_status(results, e) for e in commitment.evidence]
    if "violation" in states:
        return "violation"
    if states and all(s in ("kept", "waived") for s in states):
        return "waived" if "waived" in states else "kept"
    return "undetermined" if any(s in ("kept", "waived") for s in states) else "not_evidenced"


def evidence_status(results: Results, evidence: dict[str, str]) -> str:
    """What one check says of a promise, narrowed to the kind it names."""
    found = _evidence_counts(results, evidence)
    if found is None:
        return "not_evidenced"
    if is_hidden(found["violation"]) and not int(found["violation"]):
        return "undetermined"  # not shown whether there is one
    if found["violation"]:
        return "violation"
    if found["waived"]:
        return "waived"
    if found["compliant"]:
        return "kept"
    return "pending" if found["pending"] else "undetermined" if found["undetermined"] else "not_evidenced"


def evidence_text(words: Words, results: Results, evidence: dict[str, str]) -> str:
    """One check's part of a promise's result: `98.7 % of 1,203, 12 open`; its violations stand in the result."""
    found = _evidence_counts(results, evidence)
    if found is None:
        return "no data" if evidence["check"] in results.checks else "no such check yet"
    decided = found["compliant"] + found["violation"] + found["waived"]
    if not decided:
        open_ = [f"{words.integer(found[o])} {o}" for o in ("pending", "undetermined") if found[o]]
        return ", ".join(open_) or "nothing to judge"
    share = f"{words.percent(found['compliant'] / decided)} of {words.integer(decided)}"
    if is_hidden(decided):
        share = f"{words.integer(found['compliant'])} compliant, {count(words, found['violation'], 'violation')}"
    left = found["pending"] + found["undetermined"]
    return f"{share}, {words.integer(left)} open" if left else share


def commitment_result(words: Words, results: Results, commitment: Commitment) -> str | None:
    """How a promise stands, in few words: `14 violations`; None where its status says all."""
    status = commitment_status(results, commitment)
    found = [counts for e in commitment.evidence if (counts := _evidence_counts(results, e))]
    if status == "violation":
        return count(words, sum(c["violation"] for c in found), "violation")
    if status == "waived":
        return f"{words.integer(sum(c['waived'] for c in found))} waived"
    return "evidenced in part" if status == "undetermined" else None


def _evidence_counts(results: Results, evidence: dict[str, str]) -> dict[str, int] | None:
    result = results.checks.get(evidence["check"])
    if result is None or not result.evaluated:
        return None
    dims = {k: v for k, v in evidence.items() if k != "check"}
    names = ("compliant", "violation", "pending", "undetermined", "waived")
    return {o: result.count(o, **dims) for o in names}


def scope(results: Results) -> str:
    """Whose processing the report is about."""
    role = {"controller": "As controller", "processor": "As processor"}.get(results.role or "", "Both roles")
    return f"{role}, {f'client {results.client_id}' if results.client_id else 'all clients'}"
