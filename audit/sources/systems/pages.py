"""The pages of a list that an API gives in parts: none may be missing, or persons would go uncounted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import TypeVar

from audit.errors import AuditError
from audit.sources.systems.export import Export

ALL_PAGES = "Export all pages and give all of them."
P = TypeVar("P", bound=Hashable)


def refuse_gaps(given: Counter[P], needed: Iterable[tuple[Export, int, P | None]], why: str, column: str) -> None:
    """Refuse a list with a gap.

    Args:
        given: the pages among the files, and how often.
        needed: where a page is spoken of, by file and line, and which; None where that cannot be told.
        why: what is said there.
        column: in which field.

    Raises:
        AuditError: a page that is spoken of is not given, or not as often.
    """
    left = given.copy()
    for export, line, page in needed:
        if page is None or not left[page]:
            missing = f"{why}, and it is not among the files"
            raise AuditError(missing, file=export.name, line=line, column=column, fix=ALL_PAGES)
        left[page] -= 1
