"""CSV of other systems, as a file: what its records are is tested with the systems."""

from __future__ import annotations

from typing import BinaryIO

import pytest

from audit.errors import AuditError
from audit.sources.systems.csv_records import CsvForm, csv_records
from audit.sources.systems.export import Export


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b'a,c\n"x,1\n', b"a,c\n\xe5,1\n", b"a,c\n\0,1\n"])
def test_a_refused_file_is_closed_while_its_error_is_held(tmp_path, monkeypatch, content):
    path, files = tmp_path / "x.csv", list[BinaryIO]()
    path.write_bytes(content)
    opening = Export.open
    monkeypatch.setattr(Export, "open", lambda export: files.append(opening(export)) or files[-1])
    with pytest.raises(AuditError) as caught:
        list(csv_records(Export(path, "x.csv"), ("a", "c"), CsvForm(",", "utf-8")))
    assert caught.value.file == "x.csv"
    assert [file.closed for file in files] == [True]
