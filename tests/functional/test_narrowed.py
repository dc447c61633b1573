"""A client's results narrowed from those of all clients are what a run for that client alone gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.clientele import known
from audit.narrowed import Narrowed
from audit.outputs import results_json
from audit.prepared import prepare, prepare_all
from audit.run import open_workbench
from tests.functional.sample_db import load_sample

CLIENTS = ["C-001", "C-004", "C-099"]  # with findings of every kind, with waivers, with a row of one register only


@pytest.mark.slow
def test_a_client_narrowed_is_the_client_alone(tmp_path: Path) -> None:
    db = load_sample(tmp_path / "db")
    with open_workbench(db, "2026Q3") as whole:
        everyone = whole.check_all()
        assert set(CLIENTS) < set(known(whole.con, whole.asked.as_of_on))
        prepared = prepare_all(whole, everyone, CLIENTS)
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
            assert (tmp_path / "narrowed.csv").read_bytes() == (tmp_path / "alone.csv").read_bytes()


def test_a_client_is_shown_no_waiver_of_another(tmp_path: Path) -> None:
    db = load_sample(tmp_path / "db")
    with open_workbench(db, "2026Q3", client="C-001") as workbench:
        shown = workbench.check_all().waivers
    with open_workbench(db, "2026Q3") as workbench:
        everyone = workbench.check_all().waivers
    others = [w for w in everyone if w.scope.get("client_id", "C-001") != "C-001"]
    assert others
    assert all(w.items or w.scope.get("client_id") == "C-001" for w in shown)
    assert not {w.waiver_id for w in others} & {w.waiver_id for w in shown}
