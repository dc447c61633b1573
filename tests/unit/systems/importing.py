"""What an importer gives for small made-up files."""

import json
from zoneinfo import ZoneInfo

from audit.pseudonyms import Pseudonyms
from audit.sources.systems.export import Aside, Context, Export, Refused, Row
from audit.strict import TomlFile

PSEUDONYMS = Pseudonyms(b"k" * 32)


class Imported:
    """The items of some files, by what they are."""

    def __init__(self, items):
        self.items = list(items)

    def rows(self, table):
        return [dict(i.values) for i in self.items if isinstance(i, Row) and i.table == table]

    @property
    def tables(self):
        return {i.table for i in self.items if isinstance(i, Row)}

    @property
    def refused(self):
        return [(i.export.name, i.line, i.table, i.column, i.reason) for i in self.items if isinstance(i, Refused)]

    @property
    def aside(self):
        return [i.kind for i in self.items if isinstance(i, Aside)]


def importing(system, tmp_path, system_id="tested", client_id=None):
    """A function that imports files, given as name=content, with settings in TOML."""
    context = Context(PSEUDONYMS, ZoneInfo("Europe/Stockholm"), system_id, client_id)

    def run(files, settings=""):
        (tmp_path / "sources.toml").write_text(settings)
        with TomlFile(tmp_path / "sources.toml").root as table:
            options = system.options(table)
        exports = []
        for name, content in files.items():
            path = tmp_path / name
            path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
            exports.append(Export(path, name))
        return Imported(system.rows(exports, context, options))

    return run
