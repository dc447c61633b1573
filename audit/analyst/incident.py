"""One incident against each of its clocks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from audit.analyst.frame import Frame, of_rows
from audit.dossier import Clock, open_dossier
from audit.dossier_words import DossierWords
from audit.sentences import plain

if TYPE_CHECKING:
    from audit.analyst.bench import Bench
    from audit.dossier_tables import DossierTables

_CLOCKS = {
    "stage": "VARCHAR", "basis": "VARCHAR", "start_at": "TIMESTAMPTZ", "due_at": "VARCHAR", "done_at": "TIMESTAMPTZ",
    "outcome": "VARCHAR", "hours_allowed": "DOUBLE", "hours_taken": "DOUBLE", "hours_over": "DOUBLE",
    "silent": "VARCHAR",
}  # fmt: skip


class Incident:
    """One incident of the register: its clocks, the stages it went through, and what is not documented.

    >>> wb = audit.open()
    >>> late = wb["incident_response"].findings[0]["item_key"]
    >>> wb.incident(late).clocks.columns[:3]
    ('stage', 'basis', 'start_at')

    Attributes:
        dossier: as plain data.
        missing: the columns of the register that the law demands something in and that are empty.
    """

    def __init__(self, bench: Bench, incident_id: str) -> None:
        workbench = bench.workbench
        self._bench = bench
        self.dossier = open_dossier(workbench.con, workbench.asked, incident_id)
        self.missing = self.dossier.missing
        self._told = DossierWords(self.dossier, bench.words, dict(workbench.policy.identity))

    @property
    def clocks(self) -> Frame:
        """Each time limit: what set it, from when it runs, when it ends, when it was met and how it stands.

        One that does not run for this incident has no end; ``silent`` says why.
        """
        rows = [[_cell(clock, name, kind) for name, kind in _CLOCKS.items()] for clock in self.dossier.clocks]
        more = {"title": self._title, "kinds": {"outcome": "status", "due_at": "moment"}}
        return of_rows(self._bench.workbench.con, _CLOCKS, rows, self._bench.words, **more)

    @property
    def trail(self) -> Frame:
        """Each stage reached, with its instant and the how-manieth of its kind it is."""
        rows = [[e["stage"], _typed(e["at"], "TIMESTAMPTZ"), e["nth"]] for e in self.dossier.trail]
        columns = {"stage": "VARCHAR", "at": "TIMESTAMPTZ", "nth": "BIGINT"}
        return of_rows(self._bench.workbench.con, columns, rows, self._bench.words, title="trail")

    def chart(self) -> Any:
        """The clocks drawn, each from its start to its limit and to the moment it was met."""
        return self._tables().timeline()

    def _tables(self) -> DossierTables:
        from audit.dossier_tables import DossierTables  # late: it brings the charts, which are slow to import

        return DossierTables(self._told, 0, is_internal=True)

    @property
    def _title(self) -> str:
        return f"{self.dossier.incident['incident_id']}: {plain(self._told.cover()).strip()}"

    def __repr__(self) -> str:
        return f"{self.clocks!r}\n\n{self.trail!r}"

    def _ipython_display_(self) -> None:
        from IPython.display import display  # only a notebook has it

        display(self.chart(), self.clocks, self.trail)  # type: ignore[no-untyped-call]


def _cell(clock: Clock, name: str, kind: str) -> Any:
    is_moot = clock.silent is not None and (name == "due_at" or name.startswith("hours"))
    return None if is_moot else _typed(getattr(clock, name), kind)


def _typed(value: Any, kind: str) -> Any:
    return datetime.fromisoformat(value) if value and kind == "TIMESTAMPTZ" else value
