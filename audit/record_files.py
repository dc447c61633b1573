"""The record of processing as files for programs and spreadsheets: CSV and XLSX with the same columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any

from audit.record import Record, missing, missing_promised
from audit.record_words import RecordWords
from audit.spreadsheet import defused, spreadsheet
from audit.vocabulary import Vocabulary

NAME = "record-of-processing"
OBSERVED = "observed-against-record"

_COLUMNS = (
    "activity_id", "role", "client_id", "client_name", "name", "person_category", "collaboration_category", "purpose",
    "legal_basis", "data_categories", "recipients", "third_countries", "safeguards", "retention_rule_id",
    "security_measures", "module", "systems", "valid_from", "valid_to",
)  # fmt: skip
_MORE = (
    "recipient_names", "retention", "missing", "missing_promised", "role_iri", "legal_basis_iri", "purpose_iris",
    "data_category_iris", "person_category_iris",
)  # fmt: skip

_OBSERVED = ("finding", "thing", "value", "name", "activity_id", "activity", "n", "is_elsewhere")


def columns() -> tuple[str, ...]:
    """The columns of both files: the register's own, then what follows from them."""
    return _COLUMNS + _MORE


def lines(record: Record, words: RecordWords, vocabulary: Vocabulary) -> list[list[str]]:
    """A line an activity, every value as text; lists separated by `;`, as the register itself writes them."""
    return [_line(activity, record, words, vocabulary) for activity in record.activities]


def _line(a: dict[str, Any], record: Record, words: RecordWords, vocabulary: Vocabulary) -> list[str]:
    def iris(kind: str, names: Any) -> str:
        found = names if isinstance(names, list) else [names]
        return ";".join(dict.fromkeys(iri for name in found for iri in vocabulary.iris(kind, name)))

    more = {
        "recipient_names": [words.recipient(r, record) for r in a["recipients"] or ()],
        "retention": words.retention(a),
        "missing": [f"{column} ({article})" for column, article in missing(a).items()],
        "missing_promised": missing_promised(a),
        "role_iri": iris("role", a["role"]),
        "legal_basis_iri": iris("legal_basis", a["legal_basis"]),
        "purpose_iris": iris("purpose", a["purpose"]),
        "data_category_iris": iris("data_category", a["data_categories"]),
        "person_category_iris": iris("person_category", a["person_category"]),
    }
    return [_text((a | more)[column]) for column in columns()]


def observed_csv(record: Record, count: Callable[[int], int]) -> str:
    """What the logs show against the record, as CSV; ``count`` gives a number of events as it may be shown."""
    rows = [[_text(count(o[c]) if c == "n" else o[c]) for c in _OBSERVED] for o in record.observed]
    return _csv(_OBSERVED, rows)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ";".join(map(str, value))
    return "" if value is None else str(value)


def as_csv(found: list[list[str]]) -> str:
    """The lines as CSV; text that a spreadsheet would run as a formula is defused."""
    return _csv(columns(), found)


def _csv(heads: Iterable[str], rows: list[list[str]]) -> str:
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows([defused(value) for value in row] for row in rows)
    return made.getvalue()


def as_xlsx(found: list[list[str]]) -> bytes:
    """The lines as a spreadsheet; every cell is text, which no program runs."""
    return spreadsheet(NAME, columns(), found)
