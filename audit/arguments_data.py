"""The parsers of the commands that bring data in and open it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from audit.arguments import DB, add_command, add_keys, count, day, port, zone
from audit.messages import LANGUAGES
from audit.sources.systems import SYSTEMS

if TYPE_CHECKING:
    from audit.arguments import Commands


def sample(commands: Commands) -> None:
    """The words of ``audit sample``."""
    parser = add_command(
        commands,
        "sample",
        "cli_data",
        "write a synthetic organisation with known violations",
        "audit sample data/try --seed 7",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to write it")
    parser.add_argument("--seed", type=int, metavar="N", help="the same seed gives the same bytes")
    parser.add_argument("--events", type=count, metavar="N", help="how many processing events")
    parser.add_argument("--start", type=day, metavar="D", help="first day of the logs")
    parser.add_argument("--end", type=day, metavar="D", help="the day after their last")
    parser.add_argument("--clean", action="store_true", help="without any violation")


def load(commands: Commands) -> None:
    """The words of ``audit load``."""
    parser = add_command(
        commands, "load", "cli_data", "load folders of registers and logs, wholly or not at all", "audit load data/mira"
    )
    parser.add_argument("sources", type=Path, nargs="+", metavar="SOURCE", help="a folder of tables and exports")
    parser.add_argument("--db", type=Path, default=DB, help="the database (default: %(default)s)")
    parser.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="the policy file (default: policy.toml of the first source, else as loaded)",
    )
    parser.add_argument(
        "--replace", action="store_true", help="corrections: a row with a known key replaces the one that is there"
    )
    add_keys(parser)


def rejected(commands: Commands) -> None:
    """The words of ``audit rejected``."""
    parser = add_command(
        commands,
        "rejected",
        "cli_database",
        "list the rows that were refused and why, or export them for mending",
        "audit rejected --table consents --out consents-mended.csv",
    )
    parser.add_argument("--db", type=Path, default=DB, help="the database (default: %(default)s)")
    parser.add_argument("--table", metavar="T", help="this table's rows only")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the rows: .csv, .jsonl")


def snapshots(commands: Commands) -> None:
    """The words of ``audit snapshots``."""
    parser = add_command(
        commands, "snapshots", "cli_database", "list the states that a database keeps, one a load", "audit snapshots"
    )
    parser.add_argument("--db", type=Path, default=DB, help="the database (default: %(default)s)")


def prune(commands: Commands) -> None:
    """The words of ``audit prune``."""
    parser = add_command(
        commands, "prune", "cli_database", "remove old snapshots that nobody reads", "audit prune --keep 3"
    )
    parser.add_argument("--db", type=Path, default=DB, help="the database (default: %(default)s)")
    parser.add_argument(
        "--keep", type=count, metavar="N", help="how many stay (default: the policy's database.keep_snapshots, else 10)"
    )


def import_export(commands: Commands) -> None:
    """The words of ``audit import``."""
    parser = add_command(
        commands,
        "import",
        "cli_import",
        "turn a named system's exports into tables, persons into pseudonyms",
        "audit import intercom contacts.json --out tables --client C-017",
    )
    parser.set_defaults(command=("cli_import", "import_export"))
    named = "; ".join(f"{name}: {system.title}" for name, system in SYSTEMS.items())
    parser.add_argument("system", metavar="SYSTEM", help=f"whose export it is ({named})")
    parser.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="an export, or a folder of exports; all are read together"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write to")
    parser.add_argument(
        "--mapping",
        type=Path,
        metavar="FILE",
        help="the system's settings: a TOML file, as a [[source]] of sources.toml",
    )
    parser.add_argument("--system-id", metavar="ID", help="the system in your register (default: its name)")
    parser.add_argument("--client", metavar="ID", help="whose data it is (default: your own)")
    parser.add_argument("--zone", type=zone, metavar="Z", help="of times without an offset (default: the policy's)")
    parser.add_argument(
        "--policy", type=Path, metavar="FILE", help="the policy file (default: the sample organisation's)"
    )
    add_keys(parser)


def lab(commands: Commands) -> None:
    """The words of ``audit lab``."""
    parser = add_command(
        commands, "lab", "cli_lab", "open JupyterLab on your notebooks, the database read-only", "audit lab"
    )
    parser.add_argument("--db", type=Path, default=DB, help="the database (default: %(default)s)")
    parser.add_argument("--snapshot", type=count, metavar="N", help="an older state of it (default: the current)")
    parser.add_argument(
        "--notebooks",
        type=Path,
        default=Path("workbench"),
        metavar="DIR",
        help="your own copies of the notebooks; what you change there is kept (default: %(default)s)",
    )
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="of the notebooks (default: %(default)s)")
    listens = "where it listens, 0 for any free port (default: the first free from 8888)"
    parser.add_argument("--port", type=port, metavar="N", help=listens)
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser; print the address")


def keys(commands: Commands) -> None:
    """The words of ``audit keys``."""
    parser = add_command(
        commands,
        "keys",
        "cli_keys",
        "make keys; renew or show those of pseudonyms, or look a person up",
        "audit keys init",
    )
    parser.add_argument(
        "action",
        choices=("init", "rotate", "show", "pseudonym"),
        help="init makes the key file, and an authority of your own to sign reports; rotate adds a new key of"
        " pseudonyms; show lists them; pseudonym reads an identifier from standard input and prints what the person is"
        " called in the databases",
    )
    add_keys(parser)
    parser.add_argument("--system-id", metavar="ID", help="pseudonym: also as an id in this system")
    parser.add_argument(
        "--organisation",
        default="Privacy audit",
        metavar="NAME",
        help="init: whose authority it is, as its certificate says (default: %(default)s)",
    )
