"""The three lists of dependencies agree, each package is pinned by hash, and no list names where it came from."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement

from tests.rules.tree import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCKS = {
    "requirements-pip.lock": ["pip"],
    "requirements.lock": [*PROJECT["dependencies"], *EXTRAS["build"]],
    "requirements-dev.lock": [
        *PROJECT["dependencies"],
        *(line for extra, lines in EXTRAS.items() if extra != "spark" for line in lines),
    ],
}


def pins(lock: str) -> dict[str, set[str]]:
    """Each package of a lock file and the versions it is pinned to (several, where they depend on the machine)."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / lock).read_text().splitlines():
        if line and not line.startswith(" "):
            match = re.fullmatch(r"([a-z0-9._-]+)==(\S+)( ; .+)? \\", line)
            assert match, f"{lock}: not a pinned package: {line}"
            found.setdefault(match[1], set()).add(match[2])
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_file_has_hashes(lock):
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    assert len(blocks) >= len(LOCKS[lock])
    for block in blocks:
        assert re.fullmatch(r"\S+==.+(\n    --hash=sha256:[0-9a-f]{64}( \\)?)+", block), block.splitlines()[0]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_address_and_no_path(lock):
    assert not re.search(r"://|--(extra-)?index|--find-links|@ |^/|file:", (ROOT / lock).read_text(), re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_holds_what_the_project_asks_for(lock):
    pinned = pins(lock)
    for line in LOCKS[lock]:
        requirement = Requirement(line)
        versions = pinned.get(requirement.name.lower().replace("_", "-"), set())
        assert versions, f"{lock} lacks {requirement.name}"
        assert any(requirement.specifier.contains(v) for v in versions), (
            f"{lock}: {requirement} is not met by {versions}"
        )


def test_the_tests_run_with_the_versions_that_users_get():
    tested = pins("requirements-dev.lock")
    assert all(versions == tested[package] for package, versions in pins("requirements.lock").items())


def test_the_conda_environment_agrees_with_the_project():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    plain = [item for item in environment["dependencies"] if isinstance(item, str)]
    (by_pip,) = (item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    assert f"python{PROJECT['requires-python']}" in plain
    assert {str(Requirement(line)) for line in by_pip} == {
        str(Requirement(line)) for line in PROJECT["dependencies"] + EXTRAS["lab"]
    }
