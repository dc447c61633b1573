"""From text to typed columns: the SELECT that reads a file by its contract and says what is wrong with each row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from audit.contract import Column, Contract, Order, RequiredWhen
from audit.snapshot import ident, literal

# Why a row was refused.
REASONS: Mapping[str, str] = {
    "missing": "a required value is missing",
    "unparsable": "the value cannot be read",
    "not_in_vocabulary": "the value is not one of those allowed",
    "end_before_start": "it ends before it starts",
    "duplicate_key": "another row with this key has different content",
    "given_twice": "the row has two values for it",
    "malformed": "the row does not have the file's form",
    "unbalanced": "the rows of the voucher do not sum to zero",
}

# Wall time to an instant: of an hour that occurs twice the first, of one that is skipped none (contracts.md, Files).
# A day to its first instant: where its midnight is skipped, the one after. A text of nothing but blanks says nothing,
# as an empty one; nearly every text begins with a sign that tells it from one. Every value is asked, so in one
# condition: three took a sixth of the time of a raw copy.
MACROS = """
CREATE OR REPLACE TEMP MACRO local_instant(wall) AS CASE
  WHEN CAST(CAST(wall AS TIMESTAMPTZ) AS TIMESTAMP) <> wall THEN NULL
  WHEN CAST(CAST(wall AS TIMESTAMPTZ) - INTERVAL 1 HOUR AS TIMESTAMP) = wall
  THEN CAST(wall AS TIMESTAMPTZ) - INTERVAL 1 HOUR
  WHEN CAST(CAST(wall AS TIMESTAMPTZ) - INTERVAL 30 MINUTE AS TIMESTAMP) = wall
  THEN CAST(wall AS TIMESTAMPTZ) - INTERVAL 30 MINUTE
  ELSE CAST(wall AS TIMESTAMPTZ) END;
CREATE OR REPLACE TEMP MACRO first_instant(day) AS CASE
  WHEN CAST(CAST(day AS TIMESTAMPTZ) - INTERVAL 1 HOUR AS DATE) = day THEN CAST(day AS TIMESTAMPTZ) - INTERVAL 1 HOUR
  ELSE CAST(day AS TIMESTAMPTZ) END;
CREATE OR REPLACE TEMP MACRO said(t) AS CASE WHEN t NOT BETWEEN '!' AND '~'
  THEN CASE WHEN trim(t, ' ' || chr(9) || chr(10) || chr(13) || chr(160)) <> '' THEN t END
  ELSE t END
"""

# Braces doubled: they stand within templates.
_LOCAL = r"\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?"
_OFFSET = r"\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)"


def _with_comma(pattern: str) -> str:
    """The form of an instant whose parts of a second stand behind a comma, as ISO 8601 and many logs write them."""
    return pattern.replace(r"\.", ",")


# No longer than a limit can be counted: some ten thousand years, or a hundred thousand in hours.
_DURATION = r"P(\d{{1,4}}Y)?(\d{{1,5}}M)?(\d{{1,5}}W)?(\d{{1,6}}D)?(T(\d{{1,9}}H)?(\d{{1,9}}M)?(\d{{1,9}}S)?)?"

# As a day is written again: so no other spelling is one, nor a year before the first.
_DAY = "CASE WHEN CAST(TRY_CAST({0} AS DATE) AS VARCHAR) = {0} THEN TRY_CAST({0} AS DATE) END"
# Of a type that a file holds already, the first value of the calendar and what comes after its last.
_CALENDAR = {
    "date": ("DATE '0001-01-01'", "DATE '10000-01-01'"),
    "timestamp": ("TIMESTAMPTZ '0001-01-01 00:00:00+00'", "TIMESTAMPTZ '10000-01-01 00:00:00+00'"),
}


def _has_form(form: str) -> str:
    """Whether a text has a form, in which ``?`` stands for one byte: in a quarter of the time of LIKE.

    Each ``?`` differs from what stands there; so where nothing else differs, the rest is alike. A text that holds a
    ``?`` itself may be taken for one of the form: it cannot be read as an instant.
    """
    return f"CASE WHEN strlen({{0}}) = {len(form)} THEN hamming({{0}}, '{form}') = {form.count('?')} END"


# How nearly every log writes its instants; the pattern of all forms takes ten times as long.
_USUAL = ("????-??-??T??:??:??Z", "????-??-??T??:??:??.???Z", "????-??-??T??:??:??+0?:00")

# {0} is the text.
_TYPED: Mapping[str, str] = {
    "text": "{0}",
    "country": "CASE WHEN regexp_full_match({0}, '[A-Z]{{2}}') THEN {0} END",
    "duration": f"CASE WHEN regexp_full_match({{0}}, '{_DURATION}')"
    " AND right({0}, 1) NOT IN ('P', 'T') THEN {0} END",
    "date": f"CASE WHEN {_has_form('????-??-??')} THEN {_DAY} END",
    "timestamp": "CASE WHEN {0} < '0001' THEN NULL"  # as years before the first begin
    + "".join(f" WHEN {_has_form(form)} THEN TRY_CAST({{0}} AS TIMESTAMPTZ)" for form in _USUAL)
    + f" WHEN regexp_full_match({{0}}, '{_OFFSET}') THEN TRY_CAST({{0}} AS TIMESTAMPTZ)"
    f" WHEN {_has_form('????-??-??')} THEN first_instant({_DAY})"
    f" WHEN regexp_full_match({{0}}, '{_LOCAL}') THEN local_instant(TRY_CAST({{0}} AS TIMESTAMP))"
    f" WHEN regexp_full_match({{0}}, '{_with_comma(_OFFSET)}') THEN TRY_CAST(replace({{0}}, ',', '.') AS TIMESTAMPTZ)"
    f" WHEN regexp_full_match({{0}}, '{_with_comma(_LOCAL)}')"
    " THEN local_instant(TRY_CAST(replace({0}, ',', '.') AS TIMESTAMP)) END",
    "boolean": "CASE lower({0}) WHEN 'true' THEN true WHEN 'false' THEN false END",
    # Data frames write a column of whole numbers with gaps as 12.0.
    "integer": r"CASE WHEN regexp_full_match({0}, '[0-9]{{1,18}}(\.0+)?')"
    " THEN CAST(split_part({0}, '.', 1) AS BIGINT) END",
}
_NO_COUNTRY = "NOT regexp_full_match(v, '[A-Z]{2}')"
_WALL = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
# Numbers with a point, as which data frames hold whole ones where a column has gaps; a gap may be a NaN.
_WITH_POINT = re.compile(r"DOUBLE|FLOAT|DECIMAL\(")
# A list without blanks and what is empty. Of a text, that in brackets may be JSON, or a name in brackets.
_VALUES = "list_filter(list_transform({0}, lambda v: trim(v)), lambda v: v <> '')"
_LIST = _VALUES.format(
    """CASE WHEN left({0}, 1) = '[' AND json_valid({0}) THEN from_json({0}, '["VARCHAR"]')
  ELSE string_split({0}, ';') END"""
)


def typed_select(
    contract: Contract, relation: str, given: Mapping[str, str], source_id: str, *, has_blank: bool
) -> str:
    """The SELECT that turns a file's rows into core rows, in the file's order.

    Args:
        contract: the table's contract.
        relation: the table function that reads the file.
        given: the file's columns with their SQL types.
        source_id: the expression for the file's number.
        has_blank: whether the relation may give texts of nothing, or of nothing but blanks, which are none. Asked of
            each value of a large log this takes a twentieth of a raw copy's time; :func:`blank_texts` tells of a part
            whether it had to be.

    Returns:
        SQL with the core columns, ``source_id`` and ``_fault``: null where the row is good, else
        ``column|reason|the row as JSON``. In one column: a further one takes a fiftieth of a raw copy's time.
    """
    raw = [f"{_raw(c, given, has_blank=has_blank)} AS {_raw_name(c)}" for c in contract.columns]
    typed = [f"{_value(c, given)} AS {ident(c.name)}" for c in contract.columns]
    typed += [
        f"length(said(CAST({_raw_name(c)} AS VARCHAR))) = 10 AS {ident(f'{c.name}_is_date')}"
        for c in contract.columns
        if c.day_may_do
    ]
    faults = [fault for c in contract.columns if c.name in given for fault in _faults(c, given)]
    faults += [_rule_fault(rule) for rule in contract.rules]
    row = ", ".join(f"{literal(name)}: r.{ident(name)}" for name in given)
    core = ", ".join(ident(name) for name in contract.core_columns)
    return f"""
    SELECT {core}, source_id,
      CASE WHEN _why IS NOT NULL THEN concat(_why, '|', CAST(to_json(_row) AS VARCHAR)) END AS _fault
    FROM (SELECT *, CASE {" ".join(faults)} ELSE NULL END AS _why
      FROM (SELECT {", ".join(typed)}, {", ".join(_raw_name(c) for c in contract.columns)}, source_id, _row
        FROM (SELECT {", ".join(raw)}, {{{row}}} AS _row, {source_id} AS source_id FROM {relation} AS r)))
    """


def blank_texts(contract: Contract, given: Mapping[str, str], part: str) -> str:
    """The SELECT that gives a row where a text of a part may be nothing, or nothing but blanks, by how it begins.

    It costs next to nothing: the part knows between which two texts those of each group of rows lie.

    Args:
        contract: of the table.
        given: the columns of the files that the part is of.
        part: the table function that reads it.
    """
    names = [ident(c.name) for c in contract.columns if _is_free(c) and c.name in given]
    begins = ("{0} < '!'", "{0} >= chr(160) AND {0} < chr(161)")
    return " UNION ALL ".join(f"(SELECT 1 FROM {part} WHERE {b.format(n)} LIMIT 1)" for n in names for b in begins)


def _raw_name(column: Column) -> str:
    return ident(f"raw {column.name}")


def _as_it_is(column: Column, given: Mapping[str, str]) -> bool:
    """Whether the file already holds the column's type (Parquet)."""
    return given.get(column.name) == column.sql_type != "VARCHAR"


def _raw(column: Column, given: Mapping[str, str], *, has_blank: bool) -> str:
    """A value as text: of a text or a list null where it says nothing; what else says nothing has no type."""
    if column.name not in given:
        return "CAST(NULL AS VARCHAR)"
    name = f"r.{ident(column.name)}"
    if _as_it_is(column, given):
        return name
    if given[column.name].endswith("[]"):
        return f"CAST(to_json({name}) AS VARCHAR)"
    if column.type == "date" and given[column.name] in _WALL:  # a day as data frames write it: its midnight
        day = f"CAST({name} AS DATE)"
        return f"CASE WHEN {day} = {name} THEN CAST({day} AS VARCHAR) ELSE CAST({name} AS VARCHAR) END"
    text = name if given[column.name] == "VARCHAR" else f"CAST({name} AS VARCHAR)"
    if _WITH_POINT.match(given[column.name]):
        text = rf"nullif(regexp_replace({text}, '\.0+$', ''), 'nan')"
    return f"said({text})" if column.is_list or (_is_free(column) and has_blank) else text


def _is_free(column: Column) -> bool:
    """Whether any text will do."""
    return column.type == "text" and not column.values


def _value(column: Column, given: Mapping[str, str]) -> str:
    raw = _raw_name(column)
    if column.name not in given:
        return f"CAST(NULL AS {column.sql_type})"
    if column.is_list:
        values = (_VALUES if _as_it_is(column, given) else _LIST).format(raw)
        return f"CASE WHEN len({values}) > 0 THEN {values} END"
    if column.values:
        # The engine writes an ENUM as the text it stands for, in a quarter of the time a text takes; read, it is one.
        return f"TRY_CAST({raw} AS ENUM({_words(column)}))"
    if not _as_it_is(column, given):
        return _TYPED[column.type].format(raw)
    if column.type in _CALENDAR:
        first, after = _CALENDAR[column.type]
        return f"CASE WHEN {raw} >= {first} AND {raw} < {after} THEN {raw} END"
    return f"CASE WHEN {raw} >= 0 THEN {raw} END" if column.type == "integer" else raw


def _faults(column: Column, given: Mapping[str, str]) -> Iterator[str]:
    """When a row is refused for this column, and why."""
    raw, typed = _raw_name(column), ident(column.name)
    missing = literal(f"{column.name}|missing")
    wrong = literal(f"{column.name}|{'not_in_vocabulary' if column.values else 'unparsable'}")
    if _is_free(column) or column.is_list:
        if column.required:
            yield f"WHEN {raw} IS NULL THEN {missing}"
        # Not IN or list_contains: those of a long list become a join, and a join loses the file's order.
        unknown = f"list_position([{_words(column)}], v) IS NULL" if column.values else _NO_COUNTRY
        if column.values or column.type == "country_list":
            yield f"WHEN len(list_filter({typed}, lambda v: {unknown})) > 0 THEN {wrong}"
        return
    # Asked of the few that have no type: whether there is something at all.
    said = raw if _as_it_is(column, given) else f"said({raw})"
    if column.required:
        yield f"WHEN {typed} IS NULL THEN CASE WHEN {said} IS NULL THEN {missing} ELSE {wrong} END"
    else:
        yield f"WHEN {raw} IS NOT NULL AND {typed} IS NULL AND {said} IS NOT NULL THEN {wrong}"


def _words(column: Column) -> str:
    return ", ".join(map(literal, column.values))


def _rule_fault(rule: Order | RequiredWhen) -> str:
    if isinstance(rule, Order):
        start, end = ident(rule.start), ident(rule.end)
        first = f"local_instant(CAST(CAST({start} AS DATE) AS TIMESTAMP))"
        but = f" AND {end} IS DISTINCT FROM {first}" if rule.day_may_do else ""
        return f"WHEN {end} < {start}{but} THEN {literal(f'{rule.end}|end_before_start')}"
    column, when, equals = rule.column, rule.when, rule.equals
    return f"WHEN {ident(when)} = {literal(equals)} AND {ident(column)} IS NULL THEN {literal(f'{column}|missing')}"
