"""A scan of the Website Evidence Collector, and every spelling of a retention period in an open cookie database."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from audit.pseudonyms import Pseudonyms
from audit.run import open_workbench
from audit.sources.load import load
from audit.sources.systems.cookie_lifetime import declared
from audit.sources.systems.cookies import SYSTEM
from audit.sources.systems.export import Aside, Context, Export, Refused, Row
from audit.strict import TomlFile
from tests.functional.houses import policy, write

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "cookies"

pytestmark = pytest.mark.skipif(
    not (DATA / "wec_inspection.json").is_file(), reason="the folder of public exports is not beside this checkout"
)

SETTINGS = """
[recipients]
"youtube.com" = "R-VIDEO"
"doubleclick.net" = "R-ADS"
"""
FILES = {"inspection.json": "wec_inspection.json", "open-cookie-database.csv": "open-cookie-database.csv"}
VISITOR = 'visitor_cookie = "YSC"\n'
OF_SOURCE = SETTINGS.replace("[recipients]", "[source.recipients]")
# What names no period, or more than one, cannot be held against what was seen.
NO_PERIOD = {
    " 1 hour or longer", "0 day", "0 days", "1 hour or longer", "1 week to 1 year", "10 Nov 2030",
    "30 seconds till 1 year", "60 days till 3650 days", "Awin", "Deleted when oauth state is validated",
    "Immediately removed", "Local Storage", "Session to 30 days", "Unknown", "Varies", "undefined", "various",
}  # fmt: skip


@pytest.fixture(scope="module")
def items():
    with TomlFile(DATA / "sources.toml", SETTINGS.encode()).root as table:
        options = SYSTEM.options(table)
    context = Context(Pseudonyms(b"k" * 32), ZoneInfo("Europe/Stockholm"), "website")
    exports = [Export(DATA / found, name) for name, found in FILES.items()]
    found = list(SYSTEM.rows(exports, context, options))
    assert Counter(i.kind for i in found if isinstance(i, Aside))["entry of a cookie database"] == 2264
    return found


def rows(items, table):
    return [i.values for i in items if isinstance(i, Row) and i.table == table]


def test_four_of_six_cookies_are_known(items):
    found = {v["cookie"]: (v["purpose"], v["provider"]) for v in rows(items, "cookie_events")}
    assert found == {
        "VISITOR_PRIVACY_METADATA": ("advertising", "R-VIDEO"),
        "VISITOR_INFO1_LIVE": ("advertising", "R-VIDEO"),
        "YSC": ("preferences", "R-VIDEO"),
        "PREF": ("preferences", "R-VIDEO"),
    }
    refused = [(i.kept["cookie"], i.column, i.reason) for i in items if isinstance(i, Refused)]
    assert refused == [("foo", "purpose", "missing"), ("foo2", "purpose", "missing")]


def test_cookies_that_live_longer_or_shorter_than_declared_are_told(items):
    assert [i.kind for i in items if isinstance(i, Aside) and i.kind.startswith("cookie ")] == [
        "cookie VISITOR_INFO1_LIVE: longer than declared (180 days and not 179 days)",
        "cookie PREF: shorter than declared (243.5 days and not 10 years)",
    ]


def test_sixteen_hosts_of_others_are_listed_and_one_is_the_sites_own(items):
    hosts = [v["recipient_id"] for v in rows(items, "processing_events")]
    assert len(hosts) == 15
    assert Counter(hosts)["R-ADS"] == 2
    # The three hosts of beacons are among them, and told once.
    assert {"R-VIDEO", "play.google.com", "google-analytics.com", "connect.facebook.net"} <= set(hosts)
    assert [i.line for i in items if isinstance(i, Aside) and i.kind == "host of the site itself"] == [499]


def test_every_item_names_the_line_its_cookie_or_host_stands_on(items):
    text = (DATA / "wec_inspection.json").read_text("utf-8").splitlines()
    for item in items:
        if isinstance(item, Row) and item.table == "cookie_events":
            assert f'"name": "{item.values["cookie"]}"' in text[item.line]
    assert "getbootstrap.com" in text[next(i.line for i in items if isinstance(i, Row) and "operation" in i.values) - 1]


def test_no_value_address_or_page_is_in_any_item(items):
    text = repr([vars(i) for i in items])
    planted = ("gvyZ7ibO8co", "CgJCRRIbEhcSFRMLFBUWFwwYGRobHB0eHw4PIBAREiBj", "f7=4000", "testpage", "AIzaSy", "http")
    assert [p for p in planted if p in text] == []


def test_every_spelling_of_a_retention_period_is_read_or_names_none():
    with (DATA / "open-cookie-database.csv").open(encoding="utf-8-sig", newline="") as file:
        spellings = {row["Retention period"] for row in csv.DictReader(file)} - {""}
    assert len(spellings) == 174
    # And the four that are whole sentences, with conditions.
    sentences = {s for s in spellings if len(s.split()) > 6}
    assert (len(sentences), {s for s in spellings if declared(s) is None}) == (4, NO_PERIOD | sentences)
    words = {s: found.words for s in spellings if (found := declared(s))}
    assert words["13 months by default, modifiable"] == words["13 Months"] == "13 months"
    assert (words["1095 Days"], words["1440 Minutes"], words["30 mins"]) == ("1095 days", "24 hours", "1800 seconds")
    assert {s for s, found in words.items() if found == "session"} == {
        "session", "Session", "Sessions", "Seesion", "session cookie", "End of session (browser)",
    }  # fmt: skip
    assert {s for s, found in words.items() if found == "without end"} == {
        "Persistent", "Unlimited", "forever", "no expiration", "permanent",
    }  # fmt: skip


def test_a_scan_before_the_visitors_consent_is_judged_so(tmp_path):
    source = tmp_path / "source"
    write(
        source,
        {"sources.toml": f'[[source]]\nsystem = "cookies"\nfiles = ["*.json", "*.csv"]\n{VISITOR}{OF_SOURCE}'},
    )
    write(source, {name: (DATA / found).read_bytes() for name, found in FILES.items()})
    # The scan met YSC with this value, here taken for the banner's id of the visitor, at 14:53:45 Swedish time.
    write(source, {"banner.csv": "visitor_id,decided_at,advertising\nuXQjNBCd5X0,2024-05-30T14:53:46,true\n"})
    report = load(tmp_path / "db", [source], policy(), pseudonyms=Pseudonyms(b"k" * 32))
    counts = {t["table"]: (t["read"], t["accepted"], t["rejected"]) for t in report.tables}
    assert counts == {"cookie_events": (6, 4, 2), "consents": (1, 1, 0), "processing_events": (15, 15, 0)}
    with open_workbench(tmp_path / "db", "2024Q2") as wb:
        assert wb["cookie_consent"].reasons["violation"] == {"given_later": 2, "never_given": 2}
    stored = b"".join(p.read_bytes() for p in (tmp_path / "db").rglob("*") if p.is_file())
    assert [v for v in (b"uXQjNBCd5X0", b"gvyZ7ibO8co", b"testpage") if v in stored] == []
