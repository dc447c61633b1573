from __future__ import annotations

import subprocess

import pytest

from audit.terminal import Terminal, figure, percent


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (None, "-"),
        (0.0, "0.0 %"),
        (0.9949, "99.5 %"),
        (0.9996, "> 99.9 %"),
        (0.999999, "> 99.9 %"),
        (1.0, "100 %"),
        (0.0004, "< 0.1 %"),
    ],
)
def test_only_a_whole_is_100_percent(rate, text):
    assert percent(rate) == text


@pytest.mark.parametrize(("value", "text"), [(None, "-"), ("", "-"), (0, "0"), (26840, "26 840"), ("a", "a")])
def test_figures_as_tables_show_them(value, text):
    assert figure(value) == text


def test_a_value_of_the_data_is_never_formatting(capsys):
    Terminal().table(["item"], [["[red]x[/red] :smile:"]])
    assert "[red]x[/red] :smile:" in capsys.readouterr().out


def test_quiet_says_nothing_but_the_answer(capsys):
    terminal = Terminal(quiet=True)
    terminal.say("on the way")
    terminal.advise(("to go on", ["check"]))
    terminal.answer("42")
    out, err = capsys.readouterr()
    assert (out, err) == ("42\n", "")


@pytest.mark.parametrize("word", ["plain", "it's", "a b", "\x1b[31m", "\u202e'back\\slash\n", "Ö"])
def test_a_command_can_be_pasted_and_moves_no_cursor(word, capsys):
    Terminal().advise(("to go on", ["check", "--client", word]))
    told = capsys.readouterr().err
    assert not set("\x1b\u202e") & set(told)
    command = told.splitlines()[-1].removesuffix("  to go on").strip().replace("audit check", "printf %s,", 1)
    read = subprocess.run(["bash", "-c", command], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"})
    assert read.stdout.decode() == f"--client,{word},"


def test_no_bar_where_nobody_watches(capsys):
    with Terminal().progress() as bar:
        bar("working", 1, 2)
    assert capsys.readouterr() == ("", "")
