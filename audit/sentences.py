"""What results say: every sentence is computed, with its denominator and what is open beside it.

Text is a plain string or a list of runs; ``{"strong": ...}`` is a figure to be set off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.hidden import is_hidden, is_some
from audit.policy import Commitment
from audit.results import CheckResult, Coverage, Results
from audit.words import Words

Text = str | list[Any]

_LEAST = 0.1
"""The least that an amount is told as, in its unit; what is less is told as below it."""


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


def unit(words: Words, table: str, n: int | None = None) -> str:
    """What a table's rows are called: `events`, or `event` when there is one."""
    return words.noun(table, n)


def count(words: Words, n: int, noun: str) -> str:
    """`no violations`, `1 violation`, `1,204 violations`; the noun is one of the catalogue, as a table's name."""
    return words.say("sentences.count" if n else "sentences.count_none", n=n, noun=words.noun(noun, n))


def name(words: Words, check: str) -> str:
    """A check's id as words, as a heading."""
    return sentence_case(words.code(check))


def sentence_case(text: str) -> str:
    """Its first letter large, the rest as it is."""
    return text[:1].upper() + text[1:]


def reason(words: Words, code: str | None) -> str:
    """A reason's code as words."""
    return words.code(code) if code else words.say("sentences.no_reason")


def leading(reasons: Mapping[str, int]) -> int:
    """How many reasons are as common as the first of them, that one with it; the commonest stands first."""
    first = next(iter(reasons.values()))
    return sum(not is_hidden(n) and n == first for n in reasons.values())


def amount(words: Words, value: float, in_unit: str | None, *, short: bool = False) -> str:
    """How far over: `3 days`, short `3 d`; two days or more of hours are told in days."""
    if in_unit == "hours" and value >= 48:
        value, in_unit = value / 24, "days"
    is_least = 0 < value < _LEAST  # a moment over a limit is over it
    value = _LEAST if is_least else round(value) if value >= 10 else round(value, 1)
    shown = "< " * is_least + (words.integer(value) if value == int(value) else words.decimal(value, 1))
    if not in_unit:
        return shown
    called = words.noun(in_unit, 1 if shown == "1" else None)
    return f"{shown} {words.say(f'sentences.name.{in_unit}') if short else called}"


def beside(words: Words, result: CheckResult) -> str:
    """What stands beside every rate: `12 undetermined, none pending or waived`."""
    names = ("pending", "undetermined", "waived")
    some = [words.say(f"sentences.open.{o}", n=result.count(o)) for o in names if result.count(o)]
    none = [words.say(f"sentences.none.{o}") for o in names if not result.count(o)]
    return ", ".join(some + ([words.say("sentences.none.all", names=listed(words, none, "or"))] if none else []))


def listed(words: Words, parts: list[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`; ``last`` is `and` or `or`."""
    between = f" {words.say(f'sentences.{last}')} "
    return between.join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else ""


def missing(words: Words, result: CheckResult) -> str:
    """Why a check was not evaluated."""
    tables = listed(words, [table(words, t) for t in result.empty_tables])
    return words.say("sentences.missing.tables", tables=tables) if tables else words.say("sentences.missing.data")


def table(words: Words, table: str) -> str:
    """A table's name as words."""
    return words.code(table.removeprefix("core."))


def answer(words: Words, result: CheckResult) -> Text:
    """A check's answer in one or two sentences, with the denominator and everything beside the rate."""
    if not result.evaluated:
        return words.runs("sentences.answer.not_evaluated", missing=missing(words, result))
    if not result.population:
        return words.say("sentences.answer.empty", units=unit(words, result.unit))
    open_, decided = beside(words, result), result.decided
    if not decided:
        things = count(words, result.population, result.unit)
        return words.say("sentences.answer.undecided", things=things, beside=open_)
    tail = [" ", words.say("sentences.answer.beside", beside=open_)]
    if result.compliant == decided:
        return words.runs("sentences.answer.all", n=decided, unit=unit(words, result.unit, decided)) + tail
    things = count(words, decided, result.unit)
    if is_hidden(result.rate):
        bad = count(words, result.violation, "violation")
        return words.runs("sentences.answer.hidden", things=things, bad=bad) + tail
    lead = words.runs("sentences.answer.rate", n=decided, rate=words.percent(result.rate), things=things)
    return [*lead, " ", *words.runs("sentences.answer.bad", n=result.violation), *tail]


def next_step(words: Words, result: CheckResult) -> Text:
    """What to do about it: the commonest reason and where its rows are; in the external edition nothing."""
    if not result.lists_items:
        return words.say("sentences.next.external")
    found = result.findings(limit=1)
    if not found:
        return words.say("sentences.next.nothing")
    first = found[0]
    reasons = (
        result.reasons.get("violation") or result.reasons.get("undetermined") or result.reasons.get("waived") or {}
    )
    common, n = next(iter(reasons.items()), (first.reason, 1))
    command = f"audit evidence {first.finding_id}"
    return words.runs("sentences.next.step", reason=reason(words, common), n=n, command=command)


def promises(results: Results) -> list[CheckResult]:
    """The checks that judge what was done; log_coverage judges the data they rest on and is told apart."""
    return [c for c in results if c.check != "log_coverage"]


def cover(words: Words, results: Results) -> Text:
    """The one sentence that matters, over all checks."""
    asked = promises(results)
    judged = [c for c in asked if c.evaluated and c.rate is not None]
    bad = [c for c in judged if c.violation]
    if not judged:
        return words.say("sentences.cover.nothing", period=results.period)
    left, quiet = len(asked) - len(judged), len(silent(results.coverage))
    unsaid = [" ", words.say("sentences.cover.unsaid", n=left)] if left else []
    unsaid += [" ", words.say("sentences.cover.silent", n=quiet)] if quiet else []
    if not bad:
        return words.runs("sentences.cover.good", n=len(judged)) + unsaid
    told = [c for c in bad if not is_hidden(c.rate)]
    worst = min(told or bad, key=lambda c: (c.rate or 0, c.check))
    facts = {
        "found": len(bad),
        "checks": count(words, len(judged), "check"),
        "total": sum(c.violation for c in bad),
    }
    if len(bad) == 1 or not told:
        return words.runs("sentences.cover.bad", **facts) + unsaid
    lowest = {"rate": words.percent(worst.rate), "check": reason(words, worst.check)}
    return words.runs("sentences.cover.bad_lowest", **facts, **lowest) + unsaid


def silent(coverage: tuple[Coverage, ...]) -> list[Coverage]:
    """Sources that were silent for longer than the policy allows."""
    return [c for c in coverage if c.outcome == "violation"]


def coverage(words: Words, results: Results) -> Text:
    """Can the data carry the answer?"""
    n, quiet = len(results.coverage), len(silent(results.coverage))
    rows = [" ", words.say("sentences.coverage.refused", n=sum(results.rejected_rows.values()))]
    if int(replaced := sum(f.replaced for f in results.files)):  # "at least 0" would say nothing
        rows += [" ", words.say("sentences.coverage.replaced", n=replaced)]
    if not n:
        return [words.say("sentences.coverage.none"), *rows]
    if quiet:
        return words.runs("sentences.coverage.quiet", n=quiet, all=count(words, n, "source")) + rows
    return words.runs("sentences.coverage.good", n=n) + rows


def source(words: Words, coverage: Coverage, among: tuple[Coverage, ...]) -> str:
    """What a source is called: its rows and its system, where its table tells them apart."""
    rows = sentence_case(unit(words, coverage.table))
    if not any(c.system_id for c in among if c.table == coverage.table):
        return rows
    system = words.code(coverage.system_id) if coverage.system_id else words.say("sentences.coverage.no_system")
    return f"{rows}, {system}"


def tally(words: Words, results: Results) -> Text:
    """How many promises could be held against data, and how they stand."""
    if not results.commitments:
        return words.runs("sentences.tally.none")
    states = [commitment_status(results, c) for c in results.commitments]
    n = {s: states.count(s) for s in ("kept", "violation", "waived", "undetermined", "not_evidenced")}
    shown = ["kept", "violation", *(s for s in ("waived", "undetermined") if n[s])]
    parts = [words.say(f"sentences.tally.{s}", n=n[s]) for s in shown]
    held = {"held": len(states) - n["not_evidenced"], "promises": count(words, len(states), "promise")}
    rest = [" ", words.say("sentences.tally.not_evidenced", n=n["not_evidenced"])] if n["not_evidenced"] else []
    return words.runs("sentences.tally.lead", **held, parts=listed(words, parts)) + rest


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
        return words.say(f"sentences.evidence.{'no_data' if evidence['check'] in results.checks else 'no_check'}")
    told = {o: words.say(f"sentences.open.{o}", n=n) for o, n in found.items() if n or o == "compliant"}
    decided = found["compliant"] + found["violation"] + found["waived"]
    if not decided:
        open_ = [told[o] for o in ("pending", "undetermined") if o in told]
        return ", ".join(open_) or words.say("sentences.evidence.nothing")
    share = words.percent(found["compliant"] / decided)
    said = words.say("sentences.evidence.share", share=share, decided=decided)
    if is_hidden(decided):
        said = ", ".join(words.say(f"sentences.open.{o}", n=found[o]) for o in ("compliant", "violation"))
    left = found["pending"] + found["undetermined"]
    kind = "open_some" if is_some(left) else "open"
    return f"{said}, {words.say(f'sentences.evidence.{kind}', n=left)}" if left else said


def commitment_result(words: Words, results: Results, commitment: Commitment) -> str | None:
    """How a promise stands, in few words: `14 violations`; None where its status says all."""
    status = commitment_status(results, commitment)
    found = [counts for e in commitment.evidence if (counts := _evidence_counts(results, e))]
    if status == "violation":
        n = sum(c["violation"] for c in found)
        return words.say("sentences.evidence.violation_some") if is_some(n) else count(words, n, "violation")
    if status == "waived":
        return words.say("sentences.evidence.waived", n=sum(c["waived"] for c in found))
    return words.say("sentences.evidence.part") if status == "undetermined" else None


def _evidence_counts(results: Results, evidence: dict[str, str]) -> dict[str, int] | None:
    result = results.checks.get(evidence["check"])
    if result is None or not result.evaluated:
        return None
    dims = {k: v for k, v in evidence.items() if k != "check"}
    names = ("compliant", "violation", "pending", "undetermined", "waived")
    return {o: result.count(o, **dims) for o in names}


def scope(words: Words, results: Results) -> str:
    """Whose processing the report is about."""
    role = words.say(f"sentences.scope.{results.role or 'both'}")
    whose = f"sentences.scope.{'client' if results.client_id else 'clients'}"
    return f"{role}, {words.say(whose, client=results.client_id)}"
