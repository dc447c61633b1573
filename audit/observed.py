"""What the data shows that the policy's own text leaves out; as controller alone, whom GDPR 13 and 14 bind."""

from __future__ import annotations

from audit.asked import Asked
from audit.judge import rows
from audit.policy import Policy
from audit.results import Observation, Unsaid
from audit.store import Connection, sql_file

# What is held against the text (sql/transparency), and the article of the GDPR that asks for it.
ARTICLES = {
    "recipients": "13(1)(e), 14(1)(e)",
    "countries": "13(1)(f), 14(1)(f)",
    "systems": "5(1)(a), 12(1)",
    "grounds": "13(1)(c), 14(1)(c)",
    "retention": "13(2)(a), 14(2)(a)",
    "review": "5(2), 24(1)",
}


def unsaid(con: Connection, asked: Asked, policy: Policy) -> Unsaid | None:
    """What the text leaves out, by its own sections and by the data of the period.

    None where nobody has read the text for that, and where the scope is processing for clients, who inform the persons
    themselves.
    """
    text = policy.transparency
    if text is None or asked.client_id is not None or asked.role == "processor":
        return None
    return Unsaid(text.statements, tuple(_observation(con, asked, name) for name in ARTICLES))


def _observation(con: Connection, asked: Asked, name: str) -> Observation:
    seen = rows(con, asked.within(sql_file(f"transparency/{name}")))
    left = [{k: v for k, v in row.items() if k != "is_told"} for row in seen if not row["is_told"]]
    return Observation(name, ARTICLES[name], len(seen), tuple(left))
