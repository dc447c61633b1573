"""A check in the making, for the notebook that shows how one is written, beside a copy of the organisation's files."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import mkdtemp
from weakref import finalize

from audit.display import Several, Shown
from audit.drafts import borrowed, new_check, try_checks
from audit.errors import CheckError, UsageError
from audit.places import database_of
from audit.policy import load_policy
from audit.sentences import Text
from audit.snapshot import read_snapshot
from audit.statutes import load_law
from audit.tables import table
from audit.words import Words
from audit.worked import Fault


class Draft:
    """A new check beside a copy of the organisation's files, in a folder that goes with this object.

    Args:
        name: what the check is called.
        db: the database whose organisation it is for; empty: the one that `audit lab` or the runner names.
        language: of what is shown.

    Attributes:
        policy: the copy of the policy file: `audit.open(policy=draft.policy)` knows the new check.

    Raises:
        UsageError: not a name for a check, or that of another one.
        AuditError: no database there.
    """

    def __init__(self, name: str, db: str = "", language: str = "en") -> None:
        opened = database_of(db)
        desk = Path(mkdtemp(prefix="audit-"))
        finalize(self, shutil.rmtree, desk, ignore_errors=True)
        self.name = name
        self.policy = borrowed(read_snapshot(opened["db"], opened["snapshot"]).policy_file, desk)
        self._folder = new_check(name, self.policy)
        self._words = Words(language, load_policy(self.policy, load_law()).zone.key)

    def files(self) -> Shown:
        """The files of the check, each with what it is for."""
        w = self._words
        columns = {"file": (w.say("draft.file"), "mono"), "about": (w.say("draft.about"), "text")}
        names = sorted(path.name for path in self._folder.iterdir())
        rows = [[name, w.say(f"draft.files.{name.removeprefix('check.').replace('.', '_')}")] for name in names]
        return Shown(table(w.say("draft.caption", name=self.name), columns, rows), w)

    def write(self, file: str, text: str) -> None:
        """Put another text into one of the check's files.

        Raises:
            UsageError: the check has no such file.
        """
        if not (self._folder / file).is_file():
            names = ", ".join(sorted(path.name for path in self._folder.iterdir()))
            raise UsageError("the check has no such file", column=file, expected=names)
        (self._folder / file).write_text(text.lstrip("\n"), encoding="utf-8")

    def test(self) -> Several:
        """Run the worked cases; how many hold, and where the check says otherwise than its page.

        A check whose files are not as agreed is refused; then that is what is shown.
        """
        try:
            ((check, faults),) = try_checks([self.name], self.policy)
        except CheckError as error:
            place = ":".join(str(part) for part in (Path(error.file or "").name, error.line) if part)
            told = ": ".join(part for part in (error.column, error.message) if part)
            return Several([self._note(self._words.runs("draft.refused", place=place, told=told), "caution")])
        failed = len({fault.case for fault in faults if fault.case})
        text = self._words.runs("draft.hold", n=len(check.cases) - failed, all=len(check.cases))
        shown = [self._note(text, "caution" if faults else "info")]
        return Several([*shown, self._otherwise(faults)] if faults else shown)

    def _note(self, text: Text, tone: str) -> Shown:
        return Shown({"kind": "note", "tone": tone, "text": text}, self._words)

    def _otherwise(self, faults: list[Fault]) -> Shown:
        """Each fault in a row."""
        kinds = {"case": "text", "line": "integer", "says": "text"}
        columns = {key: (self._words.say(f"draft.{key}"), kind) for key, kind in kinds.items()}
        rows = [[fault.case, fault.line, fault.says] for fault in faults]
        return Shown(table(self._words.say("draft.otherwise"), columns, rows), self._words)
