"""Parquet: typed already; the contract says what it should be."""

from __future__ import annotations

import re
from collections.abc import Sequence

from audit.contract import load_contracts
from audit.errors import AuditError
from audit.snapshot import literal
from audit.sources.files import Source
from audit.store import Connection, DatabaseError

_NESTED = re.compile(r"\]$|^(STRUCT|MAP|UNION)\(")


def describe(source: Source, con: Connection) -> Source:
    """Read the file's own schema.

    Raises:
        AuditError: it is not a Parquet file, or is cut off, or a column holds lists or structures where its table has
            single values, or bytes.
    """
    try:
        columns = con.sql(f"SELECT * FROM read_parquet({literal(str(source.path))}) LIMIT 0")
    except DatabaseError:
        raise AuditError("not a whole Parquet file", file=source.name, fix="Export the file again.") from None
    types = (str(t).replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for t in columns.types)  # as contracts say it
    given = dict(zip(columns.columns, types, strict=True))
    for column in load_contracts()[source.table].columns:
        kind = given.get(column.name, "")
        kind = kind.removesuffix("[]") if column.is_list else kind
        if _NESTED.search(kind) or kind == "BLOB":
            what = "bytes, and not text" if kind == "BLOB" else "not single values"
            fix = "Export the column as plain values."
            raise AuditError(what, file=source.name, column=column.name, expected=column.expected, fix=fix)
    return source.put_in_order(columns=given)


def relation(sources: Sequence[Source]) -> str:
    """The table function that reads files of the same schema."""
    several = str(len(sources) > 1).lower()  # only then is the file's name asked for
    paths = ", ".join(literal(str(s.reading)) for s in sources)
    return f"read_parquet([{paths}], filename = {several})"
