"""An export made of text, read by its importer."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

from audit.contract import load_contracts
from audit.pseudonyms import Pseudonyms
from audit.sources.mapping import Batch, described
from audit.sources.reading import items as items_of
from audit.sources.systems.export import Context, Export, Item, Refused, Row, System
from audit.sources.typed import REASONS
from audit.strict import TomlFile

PSEUDONYMS = Pseudonyms(bytes(range(32)))


def options(system: System, settings: str = ""):
    """The settings of a source, as sources.toml has them."""
    return _batch(system, [], settings, None).options


def _batch(system: System, exports: list[Export], settings: str, client_id: str | None) -> Batch:
    with TomlFile(Path("sources.toml"), settings.encode()).root as table:
        return described(table, system, exports, "desk", client_id)


def read(
    system: System, path: Path, content: str | bytes, settings: str = "", client_id: str | None = None
) -> list[Item]:
    """What an importer makes of a file; every row keeps to its contract and every reason is a known one."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    context = Context(PSEUDONYMS, ZoneInfo("Europe/Stockholm"), "desk", client_id)
    found = list(items_of(_batch(system, [Export(path, path.name)], settings, client_id), context))
    for item in found:
        if isinstance(item, Row):
            contract = load_contracts()[item.table]
            assert item.values.keys() <= {c.name for c in contract.columns}
            assert {c.name for c in contract.columns if c.required} <= item.values.keys()
        if isinstance(item, Refused):
            assert item.reason in REASONS
    return found


def rows(items: list[Item], table: str) -> list[dict]:
    return [dict(i.values) for i in items if isinstance(i, Row) and i.table == table]


def refused(items: list[Item]) -> list[tuple]:
    return [(i.line, i.table, i.column, i.reason) for i in items if isinstance(i, Refused)]


def asides(items: list[Item]) -> Counter[str]:
    return Counter(i.kind for i in items if not isinstance(i, Row | Refused))


def everything(items: list[Item]) -> str:
    """All that leaves the importer, as text."""
    return "\n".join(
        f"{i.kind if not isinstance(i, Row | Refused) else getattr(i, 'values', None) or i.kept}" for i in items
    )
