"""What a reader gets out of a PDF: its text, page by page, and the files it carries."""

from __future__ import annotations

import pypdfium2


def pages(pdf: bytes) -> list[str]:
    """The text of each page, as one who searches or listens gets it.

    Raises:
        pypdfium2.PdfiumError: it cannot be opened.
    """
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()


def attached(pdf: bytes) -> dict[str, bytes]:
    """The files that a PDF carries, by name.

    Raises:
        pypdfium2.PdfiumError: it cannot be opened.
    """
    document = pypdfium2.PdfDocument(pdf)
    try:
        found = (document.get_attachment(number) for number in range(document.count_attachments()))
        return {file.get_name(): _content(file) for file in found}
    finally:
        document.close()


def _content(file: pypdfium2.PdfAttachment) -> bytes:
    """A file's bytes; an empty one has no data to the library, as findings.jsonl where there is no finding."""
    try:
        return bytes(file.get_data())
    except pypdfium2.PdfiumError:
        return b""
