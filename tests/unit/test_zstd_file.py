"""A .zst file is read to its end, or is said to be cut off."""

from __future__ import annotations

import io

import pytest
import zstandard

from audit.sources.zstd_file import ZstdFile

TEXT = b"".join(b"%d,%d\n" % (n, n * 7919 % 10007) for n in range(30000))
PACKED = zstandard.ZstdCompressor().compress(TEXT)


def read(tmp_path, packed):
    (tmp_path / "a.zst").write_bytes(packed)
    with io.BufferedReader(ZstdFile(tmp_path / "a.zst")) as file:
        return file.read()


@pytest.mark.parametrize("frames", [0, 1, 2, 3])
def test_all_frames_are_read(tmp_path, frames):
    assert read(tmp_path, PACKED * frames) == TEXT * frames


def test_a_frame_without_its_size_is_read(tmp_path):
    packer = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    assert read(tmp_path, packer.compress(TEXT) + packer.flush()) == TEXT


@pytest.mark.parametrize("whole", [b"", PACKED])
@pytest.mark.parametrize("kept", [1, 5, len(PACKED) // 2, len(PACKED) - 1])
def test_a_file_that_is_cut_off_is_said_to_be(tmp_path, whole, kept):
    with pytest.raises(EOFError):
        read(tmp_path, whole + PACKED[:kept])


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(zstandard.ZstdError):
        read(tmp_path, b"a,b\n1,2\n")


def test_few_bytes_that_stand_for_many_are_not_unpacked_at_once(tmp_path):
    (tmp_path / "a.zst").write_bytes(zstandard.ZstdCompressor().compress(bytes(1 << 28)))
    with io.BufferedReader(ZstdFile(tmp_path / "a.zst")) as file:
        assert file.read(1 << 24) == bytes(1 << 24)
        assert len(file.raw._unpacked) < 1 << 28
