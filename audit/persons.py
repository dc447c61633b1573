"""Whose row it is: a system's own id of a person gives way to the person whom ``identities`` name.

Events name people as their system does, so any id of theirs is looked up within their system, as the design of the
checks has it. In all other tables ids compare exactly. Only the pseudonym of a system's id, which an importer writes
where it knows nothing else of somebody, is no id of anybody's own: it is looked up wherever it stands, so that what a
person asks, refuses or consents to also counts for what a system holds under its own number.
"""

from __future__ import annotations

from audit.contract import Contract
from audit.pseudonyms import EXTERNAL

_COLUMNS = ("subject_id", "visitor_id")
_ELSEWHERE = ("identities", "processing_events")
# The key of identities is unique within a system, and such a pseudonym is of one system; grouping says so to the
# optimizer, which then leaves the join out where nobody asks for the person.
_KNOWN = f"""(
  SELECT external_id, max(subject_id) AS person FROM core.identities
  WHERE regexp_full_match(external_id, '{EXTERNAL}') GROUP BY external_id
)"""
EVENTS = """
SELECT e.* REPLACE (coalesce(i.subject_id, e.subject_id) AS subject_id)
FROM core.processing_events_as_logged AS e
LEFT JOIN (
  SELECT system_id, external_id, max(subject_id) AS subject_id FROM core.identities GROUP BY system_id, external_id
) AS i ON i.system_id = e.system_id AND i.external_id = e.subject_id
"""
"""The events with the persons behind their systems' ids, for ``core.processing_events``."""


def pseudonyms_of(identities: str) -> str:
    """A SELECT that gives a row where there is a pseudonym of a system's id in the rows of ``identities`` at all."""
    return f"SELECT 1 FROM ({identities}) WHERE regexp_full_match(external_id, '{EXTERNAL}') LIMIT 1"


def with_persons(contract: Contract, rows: str) -> str:
    """A table's rows, in which the pseudonym of a system's id is the person, where ``core.identities`` knows them.

    Args:
        contract: the table's.
        rows: the SELECT that gives its rows as they were loaded.
    """
    column = next((c.name for c in contract.columns if c.name in _COLUMNS), None)
    if column is None or contract.table in _ELSEWHERE:
        return rows
    if contract.table == "subjects":
        return _once_each(rows)
    return f"""
        SELECT t.* REPLACE (coalesce(i.person, t.{column}) AS {column})
        FROM ({rows}) AS t LEFT JOIN {_KNOWN} AS i ON i.external_id = t.{column}
    """


def _once_each(rows: str) -> str:
    """The persons on record: what stands under a pseudonym only where nothing stands under the person."""
    return f"""
        SELECT t.* FROM ({rows}) AS t ANTI JOIN {_KNOWN} AS i ON i.external_id = t.subject_id
        UNION ALL
        FROM (
          SELECT DISTINCT ON (i.person, t.client_id) t.* REPLACE (i.person AS subject_id)
          FROM ({rows}) AS t JOIN {_KNOWN} AS i ON i.external_id = t.subject_id
          ANTI JOIN ({rows}) AS own ON own.subject_id = i.person AND own.client_id IS NOT DISTINCT FROM t.client_id
          ORDER BY t.source_id, t.source_row
        )
    """
