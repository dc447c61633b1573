from __future__ import annotations

import shutil
import subprocess

import pytest

from audit import folder
from audit.errors import AuditError, VerifyError


@pytest.fixture
def sealed(tmp_path):
    target = tmp_path / "report"
    with folder.written_whole(target) as draft:
        (draft / "notebooks").mkdir()
        (draft / "notebooks" / "a b.ipynb").write_text("{}")
        (draft / "results.json").write_text("{}")
        folder.seal(draft)
    return target


def test_a_sealed_folder_has_no_differences(sealed):
    assert folder.differences(sealed) == []
    assert folder.is_whole(sealed)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_the_sums_are_those_of_sha256sum(sealed):
    subprocess.run(["sha256sum", "--check", "--strict", folder.SUMS], cwd=sealed, check=True, capture_output=True)


def test_every_kind_of_difference_is_found(sealed):
    (sealed / "results.json").write_text("[]")
    (sealed / "notebooks" / "a b.ipynb").unlink()
    (sealed / "extra.txt").write_text("")
    assert folder.differences(sealed) == [
        "extra.txt: not part of the report",
        "notebooks/a b.ipynb: missing",
        "results.json: changed",
    ]
    assert not folder.is_whole(sealed)


def test_sums_that_were_tampered_with_are_refused(sealed):
    (sealed / folder.SUMS).write_text("nothing\n")
    with pytest.raises(VerifyError, match="SHA256SUMS:1"):
        folder.differences(sealed)


def test_an_altered_byte_is_found_in_every_file_and_in_the_sums(sealed):
    for path in [p for p in sealed.rglob("*") if p.is_file()]:
        good = path.read_bytes()
        for position in range(len(good)):
            for change in (0x01, 0x07, 0x20, 0xFF):  # 1 and 7 make another end of line of a line's end
                path.write_bytes(good[:position] + bytes([good[position] ^ change]) + good[position + 1 :])
                assert not whole(sealed), (path.name, position, change)
        for other in (good[:-1], good + b"\n"):
            path.write_bytes(other)
            assert not whole(sealed)
        path.write_bytes(good)
    assert folder.is_whole(sealed)


def whole(report):
    try:
        return not folder.differences(report)
    except VerifyError:
        return False


def test_a_block_that_fails_leaves_what_was_there(sealed):
    before = (sealed / "results.json").read_bytes()
    with pytest.raises(ZeroDivisionError), folder.written_whole(sealed) as draft:
        (draft / "results.json").write_text("half")
        raise ZeroDivisionError
    assert (sealed / "results.json").read_bytes() == before
    assert [p.name for p in sealed.parent.iterdir()] == ["report"]


def test_a_new_folder_replaces_the_whole_old_one(sealed):
    with folder.written_whole(sealed) as draft:
        (draft / "new.txt").write_text("new")
    assert [p.name for p in sealed.iterdir()] == ["new.txt"]
    assert [p.name for p in sealed.parent.iterdir()] == ["report"]


def test_a_file_in_the_way_is_said(tmp_path):
    (tmp_path / "report").write_text("")
    with pytest.raises(AuditError, match="a file stands"), folder.written_whole(tmp_path / "report"):
        pass
