"""A report's figures, computed again: from its findings, among themselves, and as its text tells them."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from io import BufferedReader, BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

from audit.errors import AuditError
from audit.results import OUTCOMES, rate
from audit.words import Words

# The outcomes of which every item is a finding.
_LISTED = ("violation", "undetermined", "waived")
_BY = ("check", "outcome", "reason", "role", "client_id")

Tally = Counter[tuple[str | None, ...]]
File = bytes | Path
"""A file that was delivered: what a PDF carries, or where it lies."""


def opened(file: File) -> BufferedReader | BytesIO:
    """A file to read from its beginning; one that lies somewhere is read as far as it is asked for.

    Raises:
        AuditError: it cannot be opened.
    """
    if isinstance(file, bytes):
        return BytesIO(file)
    try:
        return file.open("rb")
    except OSError as error:
        raise AuditError(f"cannot be read: {error.strerror}", file=file) from None


def differences(results: Mapping[str, Any], files: Mapping[str, File], text: str, language: str) -> Iterator[str]:
    """What does not agree, one sentence each.

    Args:
        results: what results.json holds.
        files: the findings as they were delivered, by file name: findings.csv, findings.jsonl.
        text: the report's text.
        language: of the report.
    """
    told = re.sub(r"\s+", "", text)
    for check in results["checks"]:
        yield from _own(check)
        yield from _in_text(check, text, told, Words(language))
    yield from _beside(results)
    for name, read in (("findings.csv", _csv), ("findings.jsonl", _json_lines)):
        if name in files:
            with TextIOWrapper(opened(files[name]), encoding="utf-8", newline="") as lines:
                found = Counter(read(lines))
            yield from _against_findings(results, name, found)


def shown(check: Mapping[str, Any], words: Words) -> str:
    """A check's headline figures as a report writes them, without spaces: rate, population, then the outcomes."""
    share = check["rate"] if isinstance(check["rate"], str) else words.percent(check["rate"])
    counts = (v if isinstance(v, str) else words.integer(v) for v in (check[n] for n in ("population", *OUTCOMES)))
    return re.sub(r"\s+", "", "".join((share, *counts)))


def _own(check: Mapping[str, Any]) -> Iterator[str]:
    """Whether a check's counts by reason and dimension add up to its headline figures."""
    if check.get("released"):
        return
    sums: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = {}
    for count in check["counts"]:
        sums[count["outcome"]] += count["n"]
        if count["reason"] is not None:
            reasons.setdefault(count["outcome"], Counter())[count["reason"]] += count["n"]
    name = check["check"]
    if any(check[outcome] != sums[outcome] for outcome in OUTCOMES) or check["population"] != sums.total():
        yield f"results.json: {name}: the counts do not add up to the headline figures"
    if check["reasons"] != {outcome: dict(found) for outcome, found in reasons.items()}:
        yield f"results.json: {name}: the counts by reason do not add up"
    if check["rate"] != rate(sums["compliant"], sums["violation"], sums["waived"]):
        yield f"results.json: {name}: the rate is not that of the counts"


def _beside(results: Mapping[str, Any]) -> Iterator[str]:
    """Whether what is told of the period before adds up: its rates, their change, and what came, stayed and went."""
    own = {check["check"]: check for check in results["checks"]}
    for row in (results.get("compared") or {"checks": []})["checks"]:
        now, before, name = own[row["check"]], row["counts_before"], row["check"]
        if row["rate"] != now["rate"] or row["points"] != _points(now["rate"], before["rate"]):
            yield f"results.json: {name}: the change of its rate is not that of the rates"
        if row.get("flows") and row["persists"]:
            yield from _flows(name, row["flows"], now, before)


def _points(now: float | str | None, before: float | str | None) -> float | str | None:
    """The change of a rate in percentage points; where one is not shown, neither is this."""
    if now is None or before is None:
        return None
    hidden = next((rate for rate in (now, before) if isinstance(rate, str)), None)
    return hidden if hidden or isinstance(now, str) or isinstance(before, str) else 100 * (now - before)


def _flows(name: str, flows: list[Any], now: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    here: dict[str, Counter[str]] = {}
    for flow in (f for f in flows if f["new"] + f["still_open"]):
        here.setdefault(flow["outcome"], Counter())[flow["reason"]] += flow["new"] + flow["still_open"]
    if {o: dict(n) for o, n in here.items()} != {o: n for o, n in now["reasons"].items() if o in _LISTED}:
        yield f"results.json: {name}: what is new and still open does not add up to its findings"
    gone = sum(flow[part] for flow in flows for part in ("still_open", "resolved", "past"))
    if gone != sum(before[outcome] for outcome in _LISTED):
        yield f"results.json: {name}: what stayed and went does not add up to the findings of the period before"


def _in_text(check: Mapping[str, Any], text: str, told: str, words: Words) -> Iterator[str]:
    """Whether the report's text gives a check's headline figures, where it shows that check at all."""
    name = check["check"]
    if not check["evaluated"] or not re.search(rf"· {name}\s*$", text, re.MULTILINE):
        return
    if shown(check, words) not in told:
        yield f"the text: {name}: its headline figures are not those of results.json"


def _against_findings(results: Mapping[str, Any], file: str, found: Tally) -> Iterator[str]:
    """Whether the findings add up to the counts of results.json, by outcome, reason, role and client."""
    for check in results["checks"]:
        if check.get("released"):
            continue
        counted: Tally = Counter()
        for count in check["counts"]:
            if count["outcome"] in _LISTED:
                counted[(check["check"], *(count[by] for by in _BY[1:]))] += count["n"]
        listed = Counter({key: n for key, n in found.items() if key[0] == check["check"]})
        if listed != counted:
            yield f"{file}: {check['check']}: the findings do not add up to the counts of results.json"
    strangers = {str(key[0]) for key in found} - {check["check"] for check in results["checks"]}
    yield from (f"{file}: {name}: findings of a check that results.json does not have" for name in sorted(strangers))


def _csv(lines: Iterable[str]) -> Iterable[tuple[str | None, ...]]:
    return (tuple(_plain(row[by]) for by in _BY) for row in csv.DictReader(lines))


def _json_lines(lines: Iterable[str]) -> Iterable[tuple[str | None, ...]]:
    return (tuple(row[by] for by in _BY) for row in map(json.loads, lines))


def _plain(cell: str) -> str | None:
    """A cell's text as it was before it was defused for spreadsheets; None where it is empty."""
    return cell[1:] if re.match(r"'[=+\-@\t\r]", cell) else cell or None
