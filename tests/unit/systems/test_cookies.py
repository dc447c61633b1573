"""Scans, archives and banner logs: which cookie was set, read or sent when, for what, and what the visitor had said."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from audit.errors import AuditError
from audit.pseudonyms import Pseudonyms
from audit.sources.systems.cookie_lifetime import FOR_EVER, SESSION, compared, declared, observed
from audit.sources.systems.cookie_options import shown
from audit.sources.systems.cookies import SYSTEM
from audit.sources.systems.export import Aside, Context, Export, Refused, Row
from audit.strict import TomlFile

CONTEXT = Context(Pseudonyms(b"k" * 32), ZoneInfo("Europe/Stockholm"), "website")
DATABASE = """ID,Platform,Category,Cookie / Data Key name,Domain,Description,Retention period,Wildcard match
1,A,Analytics,_stat,,,1 year,0
2,A,Analytics,_part_,,,session,1
3,A,Functional,_part_own,,,session,0
4,B,Marketing,track,ads.example (3rd party),,13 months,0
5,B,Functional,twice,,,,0
6,C,Marketing,twice,,,,0
7,C,Security,guard,,,session,0
9,A,Marketing,_part_own,,,session,1
8,D,Marketing,bound,www.far.example or near.example,,Persistent,0
"""
SET = datetime(2026, 7, 1, 10, tzinfo=UTC)


ENTRIES = DATABASE.count("\n") - 1


@pytest.fixture
def read(tmp_path):
    def read(name, content, settings="", database=DATABASE):
        exports = []
        for each, text in ((name, content), ("known.csv", database)):
            path = tmp_path / each
            path.write_text(text if isinstance(text, str) else json.dumps(text))
            exports.append(Export(path, each))
        with TomlFile(tmp_path / "sources.toml", settings.encode()).root as table:
            options = SYSTEM.options(table)
        items = list(SYSTEM.rows(exports, CONTEXT, options))
        assert [i.kind for i in items[:ENTRIES]] == ["entry of a cookie database"] * ENTRIES
        return items[ENTRIES:]

    return read


def rows(items, table="cookie_events"):
    return [i.values for i in items if isinstance(i, Row) and i.table == table]


def asides(items):
    return [i.kind for i in items if isinstance(i, Aside)]


def scan(*cookies, hosts=(), **more):
    return {
        "uri_ins": "https://shop.example/cart?user=anna",
        "host": "shop.example",
        "cookies": list(cookies),
        "hosts": {"requests": {"firstParty": ["shop.example"], "thirdParty": list(hosts)}},
        "start_time": "2026-07-01T10:00:00.000Z",
        "end_time": "2026-07-01T10:00:09.000Z",
    } | more


def stored(name, domain="shop.example", **more):
    return {"name": name, "domain": domain, "value": "anna@example.com", "session": True} | more


def entry(url, at="2026-07-01T10:00:00.000Z", sent=(), given=(), **more):
    request = {"url": url, "headers": [{"name": "Cookie", "value": v} for v in sent]}
    response = {"headers": [{"name": "Set-Cookie", "value": v} for v in given]}
    return {"startedDateTime": at, "serverIPAddress": "192.0.2.7", "request": request, "response": response} | more


def har(*entries):
    return {"log": {"version": "1.2", "pages": [], "entries": list(entries)}}


def names(items):
    return [(v["cookie"], v["purpose"], v["action"], v.get("provider")) for v in rows(items)]


def test_a_scan_gives_what_was_stored_when_the_collector_saw_it(read):
    seen = stored("_stat", log={"timestamp": "2026-07-01T10:00:03.500Z", "location": "https://shop.example/cart"})
    items = read("inspection.json", scan(seen, stored("track", ".ads.example")))
    assert names(items) == [("_stat", "statistics", "set", None), ("track", "advertising", "set", "ads.example")]
    # The second was in the browser at the end, and nobody saw it come.
    assert [v["occurred_at"] for v in rows(items)] == ["2026-07-01T10:00:03.500000+00:00", "2026-07-01T10:00:09+00:00"]
    assert len({v["visitor_id"] for v in rows(items)}) == 1


def test_local_storage_is_storing_on_the_device_too(read):
    storage = {"https://shop.example": {"_stat": {"value": "anna@example.com"}}}
    assert names(read("inspection.json", scan(localStorage=storage))) == [("_stat", "statistics", "set", None)]


def test_hosts_of_others_are_recipients_and_the_sites_own_is_none(read):
    found = scan(hosts=["cdn.maps.example", "static.shop.example", "192.0.2.9"])
    settings = 'activity_id = "A-1"\n[recipients]\n"maps.example" = "R-MAPS"\n"example" = "R-ANY"\n'
    items = read("inspection.json", found, settings)
    assert [(v["recipient_id"], v["operation"], v["activity_id"]) for v in rows(items, "processing_events")] == [
        ("R-MAPS", "disclose", "A-1"),
        ("host-without-name", "disclose", "A-1"),
    ]
    assert asides(items) == ["host of the site itself"]


def test_an_unknown_cookie_is_refused_until_somebody_says_what_it_is_for(read):
    found = scan(stored("mystery"))
    (refused,) = read("inspection.json", found)
    assert isinstance(refused, Refused)
    assert (refused.table, refused.column, refused.reason) == ("cookie_events", "purpose", "missing")
    assert refused.kept["cookie"] == "mystery"
    assert names(read("inspection.json", found, '[purposes]\nmystery = "necessary"\n'))[0][1] == "necessary"
    assert names(read("inspection.json", found, '[purposes]\n"myst*" = "statistics"\n')) == [
        ("myst*", "statistics", "set", None)
    ]
    assert names(read("inspection.json", found, 'unknown_purpose = "advertising"\n'))[0][1] == "advertising"


def test_nobody_may_call_all_unknown_cookies_necessary(read):
    with pytest.raises(AuditError) as error:
        read("inspection.json", scan(), 'unknown_purpose = "necessary"\n')
    assert (error.value.line, error.value.column) == (1, "unknown_purpose")


@pytest.mark.parametrize(
    ("name", "domain", "found"),
    [
        ("_part_x", "shop.example", ("_part_*", "statistics")),
        ("_part_own", "shop.example", ("_part_own", "preferences")),  # the whole name goes before its beginning
        ("_part_own_2", "shop.example", ("_part_own*", "advertising")),  # and the longer beginning before the shorter
        ("twice", "shop.example", ("twice", "advertising")),  # of two entries the more protective
        ("guard", "shop.example", ("guard", "necessary")),
        ("track", "sub.ads.example", ("track", "advertising")),
        ("track", "badads.example", None),  # another domain's cookie of that name
        ("bound", "near.example", ("bound", "advertising")),
        ("bound", "cdn.far.example", ("bound", "advertising")),
    ],
)
def test_the_database_knows_a_cookie_by_name_beginning_and_domain(read, name, domain, found):
    items = read("inspection.json", scan(stored(name, domain)))
    assert [(v["cookie"], v["purpose"]) for v in rows(items)] == ([found] if found else [])


def test_the_organisations_word_goes_before_the_databases_and_keeps_its_lifetime(read):
    lasting = stored("_stat", session=False, expires=(SET + timedelta(days=700)).timestamp())
    items = read("inspection.json", scan(lasting), '[purposes]\n_stat = "necessary"\n')
    assert names(items)[0][1] == "necessary"
    assert asides(items) == ["cookie _stat: longer than declared (700 days and not 1 year)"]


def test_a_database_with_a_category_nobody_knows_is_refused_with_its_line(read):
    with pytest.raises(AuditError) as error:
        read("inspection.json", scan(), database=DATABASE + "10,E,Fun,laugh,,,session,0\n")
    assert (error.value.file, error.value.line, error.value.column) == ("known.csv", 11, "Category")
    assert "Fun" not in str(error.value).replace("functional", "")


def test_an_archive_tells_set_read_and_sent(read):
    items = read(
        "visit.har",
        har(
            entry("https://www.shop.example/", given=["_stat=anna; Path=/\n_part_77=x; Domain=.shop.example"]),
            entry("https://shop.example/next", sent=["_stat=anna; _part_77=x"]),
            entry("https://px.ads.example/p?email=anna@example.com", sent=["track=1"], given=["track=1"]),
        ),
    )
    assert names(items) == [
        ("_stat", "statistics", "set", None),
        ("_part_*", "statistics", "set", None),
        ("_stat", "statistics", "read", None),
        ("_part_*", "statistics", "read", None),
        ("track", "advertising", "sent", "px.ads.example"),
        ("track", "advertising", "set", "px.ads.example"),
    ]
    assert [v["recipient_id"] for v in rows(items, "processing_events")] == ["px.ads.example"]
    assert len({v["event_id"] for v in rows(items)}) == 6


def test_an_archive_without_headers_is_read_by_its_lists_of_cookies(read):
    listed = entry("https://shop.example/")
    listed["request"] = {"url": "https://shop.example/", "cookies": [{"name": "_stat", "value": "1"}]}
    listed["response"] = {"cookies": [{"name": "guard", "value": "1", "domain": ".shop.example"}]}
    items = read("visit.json", har(listed))
    assert names(items) == [("_stat", "statistics", "read", None), ("guard", "necessary", "set", None)]


def test_a_removed_cookie_was_not_set(read):
    gone = ["_stat=; Max-Age=0", "guard=; Expires=Thu, 01 Jan 1970 00:00:00"]
    items = read("visit.har", har(entry("https://shop.example/", given=gone)))
    assert (rows(items), asides(items)) == ([], ["cookie removed", "cookie removed"])


def test_every_entry_of_an_archive_is_accounted_for(read):
    items = read(
        "visit.har",
        har(entry("https://shop.example/"), entry("data:image/png;base64,AA"), {"startedDateTime": "yesterday"}, 7),
    )
    assert asides(items) == ["request without a cookie, to a host already told", "request that went to no host"]
    refused = [(i.column, i.reason) for i in items if isinstance(i, Refused)]
    assert refused == [("startedDateTime", "unparsable"), ("entries", "malformed")]


def test_a_cookie_of_an_archive_is_measured_once(read):
    lasting = ["_stat=1; Max-Age=63072000; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]
    items = read("visit.har", har(*[entry("https://shop.example/", given=lasting)] * 2))
    assert asides(items) == ["cookie _stat: longer than declared (730 days and not 1 year)"]
    assert len(rows(items)) == 2


def test_the_banners_visitor_is_the_visits_where_a_cookie_shows_the_id(read):
    settings = 'visitor_cookie = "choice"\n[purposes]\nchoice = "necessary"\n'
    late = har(
        entry("https://shop.example/", given=["_stat=1"]), entry("https://shop.example/ok", given=["choice=v-17"])
    )
    log = "visitor_id,decided_at,purpose,status\nv-17,2026-07-01T12:00:05,statistics,given\n"
    (consent,) = rows(read("banner.csv", log), "consents")
    assert {v["visitor_id"] for v in rows(read("visit.har", late, settings))} == {consent["subject_id"]}
    assert {v["visitor_id"] for v in rows(read("inspection.json", scan(stored("choice", value="v-17")), settings))} == {
        consent["subject_id"]
    }


BANNER = """visitor_id,decided_at,statistics,advertising,preferences,ip,theme
v-1,2026-07-01T12:00:00,true,false,,192.0.2.7,dark
v-1,2026-07-02T12:00:00,maybe,,,192.0.2.7,dark
v-2,2026-07-03T12:00:00,,,,192.0.2.7,dark
v-3,2026-07-03T12:00:00
"""


def test_a_banner_log_with_a_column_a_purpose(read):
    items = read("banner.csv", BANNER)
    assert [(v["purpose"], v["status"], v["effective_at"]) for v in rows(items, "consents")] == [
        ("cookies:statistics", "given", "2026-07-01T12:00:00"),
        ("cookies:advertising", "refused", "2026-07-01T12:00:00"),
    ]
    assert asides(items) == ["unknown column, not taken: theme"]
    assert [(i.line, i.column, i.reason) for i in items if isinstance(i, Refused)] == [
        (3, "statistics", "not_in_vocabulary"),
        (4, "purpose", "missing"),
        (5, None, "malformed"),
    ]


def test_a_banner_log_with_a_row_a_purpose(read):
    lines = [
        {"visitor_id": "v-1", "decided_at": "2026-07-01T12:00:00Z", "purpose": "statistics", "status": "withdrawn"},
        {"visitor_id": "v-1", "decided_at": "2026-07-01T12:00:00Z", "purpose": "necessary", "status": "given"},
        {"visitor_id": "v-1", "decided_at": "2026-07-01T12:00:00Z", "purpose": "fun", "status": "given"},
        {"visitor_id": "v-1", "decided_at": "2026-07-01T12:00:00Z", "purpose": "statistics", "status": "ok"},
        {"visitor_id": "v-1", "decided_at": "2026-07-01T12:00:00Z", "advertising": True, "notice_version": "3"},
    ]
    items = read("banner.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    assert [(v["purpose"], v["status"]) for v in rows(items, "consents")] == [
        ("cookies:statistics", "withdrawn"),
        ("cookies:advertising", "given"),
    ]
    assert asides(items) == ["decision on necessary cookies, which need no consent"]
    assert [(i.line, i.column, i.reason) for i in items if isinstance(i, Refused)] == [
        (3, "purpose", "not_in_vocabulary"),
        (4, "status", "not_in_vocabulary"),
    ]


def test_a_banner_log_without_a_needed_column_is_refused(read):
    with pytest.raises(AuditError) as error:
        read("banner.csv", "visitor_id,statistics\nv-1,true\n")
    assert (error.value.file, error.value.line, error.value.column) == ("banner.csv", 1, "decided_at")


@pytest.mark.parametrize("content", ["[]", '{"log": {}}', '[{"name": "Anna"}]', ""])
def test_other_json_is_refused_with_its_place(read, content):
    with pytest.raises(AuditError) as error:
        read("other.json", content)
    assert (error.value.file, error.value.line) == ("other.json", 1)
    assert "Anna" not in str(error.value)


def test_an_archive_of_nothing_gives_nothing(read):
    assert read("visit.har", har()) == []


def test_nothing_that_identifies_a_visitor_is_in_any_item(read):
    told = scan(stored("anna@example.com"), stored("id-8112189876", value="x"), hosts=["192.0.2.7"])
    archive = har(entry("https://shop.example/?mail=anna@example.com", sent=["anna%40example.com=1", "s=8112189876"]))
    settings = 'unknown_purpose = "statistics"\n'
    items = [*read("inspection.json", told, settings), *read("visit.har", archive, settings)]
    items += read("banner.csv", "visitor_id,decided_at,statistics,ip\nanna@example.com,2026-07-01,true,192.0.2.7\n")
    text = repr([vars(i) for i in items])
    assert [v["cookie"] for v in rows(items)] == ["*", "id-*", "*", "s"]
    assert [planted for planted in ("anna", "8112189876", "192.0.2.7", "cart") if planted in text] == []


def test_a_cookies_name_is_shown_by_its_pattern():
    assert shown("_part_8112189876", None) == "_part_*"


@pytest.mark.parametrize(
    ("words", "lifetime"),
    [
        ("1 year", "1 year"), ("13 Months", "13 months"), (" 2 weeks ", "14 days"), ("90 sec", "90 seconds"),
        ("30 mins", "1800 seconds"), ("10 years from set/ update", "10 years"), ("End of session (browser)", "session"),
        ("Unlimited", "without end"), ("1 hour or longer", None), ("Session to 30 days", None), ("0 days", None),
        ("", None), ("10 Nov 2030", None),
    ],
)  # fmt: skip
def test_a_declared_lifetime_is_read_or_is_none(words, lifetime):
    assert (found.words if (found := declared(words)) else None) == lifetime


@pytest.mark.parametrize(
    ("words", "lives", "how"),
    [
        ("179 days", timedelta(days=180), "longer"),
        ("180 days", timedelta(days=180, milliseconds=-5), None),
        ("1 year", timedelta(days=365), None),
        ("1 year", timedelta(days=366, hours=1), "longer"),
        ("1 month", timedelta(days=30), None),  # July has 31 days
        ("1 month", timedelta(days=31), None),
        ("1 month", timedelta(days=32), "longer"),
        ("10 years", timedelta(days=243.5), "shorter"),
        ("30 minutes", timedelta(hours=2), "longer"),
        ("session", timedelta(days=1), "longer"),
        ("session", None, None),
        ("1 year", None, "shorter"),
        ("forever", None, "shorter"),
        ("forever", timedelta(days=400), "shorter"),
        ("9999 years", timedelta(days=400), "shorter"),
    ],
)
def test_a_lifetime_is_held_against_what_was_declared(words, lives, how):
    assert compared(declared(words), SET, None if lives is None else SET + lives) == how


def test_what_was_seen_is_told_in_days_or_hours():
    assert observed(SET, None) == SESSION.words
    assert observed(SET, SET + timedelta(days=243, hours=11, minutes=53)) == "243.5 days"
    assert observed(SET, SET + timedelta(minutes=30)) == "0.5 hours"
    assert FOR_EVER.words == "without end"
