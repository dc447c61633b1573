"""A client's results narrowed from those of all clients are what a run for that client alone gives."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from audit.clientele import known
from audit.compared import comparison_json
from audit.narrowed import Narrowed
from audit.outputs import results_json
from audit.prepared import prepare, prepare_all
from audit.run import open_workbench
from audit.sources.load import load
from tests.functional.houses import write
from tests.functional.sample_db import load_sample

CLIENTS = ["C-001", "C-004", "C-099"]  # with findings of every kind, with waivers, with a row of one register only


LATE = "request_id,kind,received_at,answered_at,outcome,client_id\nLATE-1,access,2026-04-02,2026-06-20,fulfilled,{}\n"


def report_before_a_row_came(db: Path, folder: Path, client: str) -> None:
    """Keep a report of the quarter before, into which a row of the client's comes late."""
    with open_workbench(db, "2026Q2", client=client) as workbench:
        workbench.keep_run(workbench.check_all(), "client-report")
        load(db, [write(folder, {"requests-late.csv": LATE.format(client)})], workbench.policy)


@pytest.mark.slow
def test_a_client_narrowed_is_the_client_alone(tmp_path: Path) -> None:
    db = load_sample(tmp_path / "db")
    report_before_a_row_came(db, tmp_path / "late", CLIENTS[0])
    with open_workbench(db, "2026Q3") as whole:
        everyone = whole.check_all()
        assert set(CLIENTS) < set(known(whole.con, whole.asked.as_of_on))
        prepared = pickle.loads(pickle.dumps(prepare_all(whole, everyone, CLIENTS)))  # as it reaches another process
        for client in CLIENTS:
            narrowed = Narrowed(whole, everyone, client)
            found = narrowed.check_all()
            narrowed.write_findings(found, tmp_path / "narrowed.csv")
            with open_workbench(db, "2026Q3", client=client) as alone:
                wanted = prepare(alone)
                alone.write_findings(wanted.results, tmp_path / "alone.csv")
                for results in (found, prepared[client].results):
                    assert results_json(results) == results_json(wanted.results)
                    assert results.manifest == wanted.results.manifest
                    assert [c.findings() for c in results] == [c.findings() for c in wanted.results]
                    assert [c.findings(limit=2, outcome="violation") for c in results] == [
                        c.findings(limit=2, outcome="violation") for c in wanted.results
                    ]
                assert prepared[client].client == wanted.client
                assert comparison_json(prepared[client].comparison) == comparison_json(wanted.comparison)
                restated = wanted.comparison.restated
                assert ([c.now.check for c in restated.checks] if restated else None) == (
                    ["request_deadlines"] if client == CLIENTS[0] else None
                )
            assert (tmp_path / "narrowed.csv").read_bytes() == (tmp_path / "alone.csv").read_bytes()


def test_a_client_is_shown_no_waiver_of_another(tmp_path: Path) -> None:
    db, shown = load_sample(tmp_path / "db"), {}
    for client in (None, "C-001", "C-021"):
        with open_workbench(db, "2026Q3", client=client) as workbench:
            shown[client] = workbench.check_all().waivers
    (its,) = (w for w in shown[None] if w.scope.get("client_id") == "C-021")
    assert [w.waiver_id for w in shown["C-021"]] == [its.waiver_id]
    assert its.items
    assert not shown["C-001"], "none names it, and none covers an item of it"
