"""What the documents say exists: commands parse, targets are there, links and named files lead somewhere."""

from __future__ import annotations

import argparse
import re
import shlex

import pytest

from audit.cli import build_parser
from tests.rules.tree import ROOT, files, name

DOCUMENTS = [*files("*.md", under="docs"), *(ROOT / n for n in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))]
BLOCKS = [block for path in DOCUMENTS for block in re.findall(r"```sh\n(.*?)```", path.read_text(), re.DOTALL)]
LINES = [line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines()]
COMMANDS = [line for line in LINES if line.startswith("audit ")]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def subcommands() -> dict[str, argparse.ArgumentParser]:
    (action,) = (a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(action.choices)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_documents_parses(line):
    assert build_parser().parse_args(shlex.split(line)[1:]).command


@pytest.mark.parametrize("command", subcommands())
def test_every_command_has_help_with_an_example_that_parses(command):
    text = subcommands()[command].format_help()
    (example,) = re.findall(r"^Example:  audit (.+)$", text, re.MULTILINE)
    assert build_parser().parse_args(shlex.split(example)).command
    assert "--quiet" in text


def test_the_readme_names_every_command():
    readme = (ROOT / "README.md").read_text()
    assert [c for c in subcommands() if f"`audit {c}`" not in readme] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_make_targets_exist(path):
    named = set(
        re.findall(
            r"\bmake ([a-z]+)\b(?=[`\s])", " ".join(re.findall(r"`[^`]+`|```.*?```", path.read_text(), re.DOTALL))
        )
    )
    assert named <= TARGETS


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_links_and_named_files_lead_somewhere(path):
    text = path.read_text()
    links = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    assert [target for target in links if not (path.parent / target).exists()] == []
    named = re.findall(r"`((?:audit|tests|docs|data|notebooks|scripts)/[\w./-]*)`", text)
    # A database is made by the command, and NAME and * stand for a name.
    real = [target for target in named if target != "data/audit.db" and not re.search(r"NAME|\*", target)]
    assert [target for target in real if not (ROOT / target).exists()] == []
