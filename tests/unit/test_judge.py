"""What a query gives as plain rows."""

from audit.judge import iso, rows
from audit.store import scratch

# Whole seconds, parts of them, offsets of whole hours, of half ones and with seconds, and both ends of the calendar.
INSTANTS = (
    "2026-07-01 00:00:00+00", "2026-01-01 12:34:56.7+00", "2026-01-01 12:34:56.000007+00", "1850-01-01 00:00:00+00",
    "0001-01-01 00:00:00+00", "9999-12-31 23:30:00+00", "2026-01-01 00:00:10.000000+00",
)  # fmt: skip


def test_instants_are_written_alike_in_rows_and_in_queries() -> None:
    values = ", ".join(f"(TIMESTAMPTZ '{instant}')" for instant in INSTANTS)
    for zone in ("Europe/Stockholm", "Asia/Kolkata", "America/St_Johns", "UTC"):
        with scratch(zone) as con:
            con.execute(f"CREATE TABLE t AS FROM (VALUES {values}, (NULL)) AS v (moment)")
            sql = f"SELECT moment, {iso('moment')} AS told, $1 AS given, DATE '2026-07-01' AS day FROM t"
            found = rows(con, sql, ["x"])
        assert [row["moment"] for row in found] == [row["told"] for row in found]
        assert found[-1] == {"moment": None, "told": None, "given": "x", "day": "2026-07-01"}
        assert [".000000" in str(row["moment"]) for row in found] == [False] * len(found)
    assert found[1]["moment"] == "2026-01-01T12:34:56.700000+00:00"
