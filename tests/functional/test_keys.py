"""The key file is made once, read by its owner alone, and never shown; a person is found under every key."""

from __future__ import annotations

import io
import re
import stat
from pathlib import Path

import pytest

from audit.cli import main
from audit.keyring import default_path, read_keys
from audit.pseudonyms import Pseudonyms
from tests.functional.test_faults import limited


@pytest.fixture
def keys(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "settings" / "keys.toml"
    monkeypatch.setenv("AUDIT_KEYS", str(path))
    return path


def secrets(path: Path) -> list[bytes]:
    return [bytes.fromhex(text) for text in re.findall(r'secret = "(\w+)"', path.read_text())]


def test_a_key_file_is_made_for_its_owner_alone(keys, capsys):
    assert main(["keys", "init"]) == 0
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.parent.stat().st_mode) == 0o700
    (secret,) = secrets(keys)
    assert len(secret) == 32
    said = capsys.readouterr()
    assert Pseudonyms(secret).key_id in said.err
    assert secret.hex() not in said.out + said.err


def test_a_key_file_is_never_written_over(keys, capsys):
    main(["keys", "init"])
    before = keys.read_bytes()
    assert main(["keys", "init"]) == 3
    assert keys.read_bytes() == before
    assert "audit keys rotate" in capsys.readouterr().err


@pytest.mark.parametrize("room", [0, 100, 600])
def test_keys_for_which_there_is_no_room_are_not_there(keys, tmp_path, room):
    code = "import sys; from audit.cli import main; sys.exit(main(sys.argv[1:]))"
    ran = limited(code, "keys", "init", files=room, cwd=tmp_path)
    assert (ran.returncode, "cannot be written: File too large" in ran.stderr) == (3, True)
    assert {path.name for path in keys.parent.rglob("*") if path.is_file()} <= {keys.name}
    assert main(["keys", "init"]) == 0
    assert len(secrets(keys)) == 1
    assert (keys.parent / "signing" / "signing.toml").is_file()


def test_rotating_adds_a_key_and_keeps_the_old(keys, capsys):
    main(["keys", "init"])
    (first,) = secrets(keys)
    assert main(["keys", "rotate"]) == 0
    assert "a new one" in capsys.readouterr().err
    assert secrets(keys)[0] == first
    assert len(set(secrets(keys))) == 2
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert read_keys(keys)[-1].secret == secrets(keys)[1]
    assert [p.name for p in keys.parent.iterdir() if p.is_file()] == [keys.name]


def test_a_broken_off_rotation_is_not_written_over(keys, capsys):
    main(["keys", "init"])
    before = keys.read_bytes()
    keys.with_name(".keys.toml.tmp").touch()
    assert main(["keys", "rotate"]) == 3
    assert keys.read_bytes() == before
    assert "remove this file" in capsys.readouterr().err


def test_showing_tells_which_keys_there_are_and_no_key(keys, capsys):
    main(["keys", "init"])
    main(["keys", "rotate"])
    capsys.readouterr()
    assert main(["keys", "show"]) == 0
    out = capsys.readouterr().out
    first, second = secrets(keys)
    assert re.search(rf"{Pseudonyms(first).key_id} +\d{{4}}-\d\d-\d\d +-", out)
    assert re.search(rf"{Pseudonyms(second).key_id} +\d{{4}}-\d\d-\d\d +in use", out)
    assert first.hex() not in out
    assert second.hex() not in out


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_file_that_others_may_read_is_refused(keys, capsys, mode):
    main(["keys", "init"])
    keys.chmod(mode)
    assert main(["keys", "show"]) == 3
    assert f"Type: chmod 600 {keys}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "key: missing key"),
        ("[[key]]\nmade_on = 2026-01-01\n", ":1: key.secret: missing key"),
        ('[[key]]\nmade_on = 2026-01-01\nsecret = "abcd"\n', ":3: key.secret: not a key"),
        ('[[key]]\nmade_on = 2026-01-01\nsecret = "' + "xy" * 32 + '"\n', ":3: key.secret: not a key"),
        ('[[key]]\nmade_on = 2026-01-01\nsecret = "' + "ab" * 32 + '"\nnote = "x"\n', ":4: key.note: unknown key"),
        ("secret", "not TOML"),
    ],
)
def test_what_is_no_key_file_is_refused_with_its_line(keys, capsys, text, said):
    keys.parent.mkdir()
    keys.write_text(text)
    keys.chmod(0o600)
    assert main(["keys", "show"]) == 3
    assert said in capsys.readouterr().err


def test_a_person_is_found_under_every_key(keys, capsys, monkeypatch):
    main(["keys", "init"])
    main(["keys", "rotate"])
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", io.StringIO("Anna.Berg@Example.com\n"))
    assert main(["keys", "pseudonym", "--system-id", "intercom"]) == 0
    said = capsys.readouterr()
    for secret in secrets(keys):
        pseudonyms = Pseudonyms(secret)
        assert pseudonyms.email("anna.berg@example.com") in said.out
        assert pseudonyms.external("intercom", "Anna.Berg@Example.com") in said.out
    assert "anna" not in (said.out + said.err).lower()


@pytest.mark.parametrize(
    ("identifier", "kind"), [("19850101-1234", "personal_number"), ("070-123 45 67", "phone"), ("Anna Berg", "name")]
)
def test_an_identifier_is_taken_by_its_form(keys, capsys, monkeypatch, identifier, kind):
    main(["keys", "init"])
    monkeypatch.setattr("sys.stdin", io.StringIO(identifier))
    assert main(["keys", "pseudonym"]) == 0
    (secret,) = secrets(keys)
    assert getattr(Pseudonyms(secret), kind)(identifier) in capsys.readouterr().out


def test_nothing_on_standard_input_is_a_wrong_use(keys, capsys, monkeypatch):
    main(["keys", "init"])
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["keys", "pseudonym"]) == 2


def test_the_key_file_stands_where_the_settings_do(monkeypatch, tmp_path):
    monkeypatch.delenv("AUDIT_KEYS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "x"))
    assert default_path() == tmp_path / "x" / "audit" / "keys.toml"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path() == tmp_path / ".config" / "audit" / "keys.toml"
