"""The pages in docs name every command, option, setting, column and code there is."""

import ast
import dataclasses
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
SETTINGS_MODULES = ("pipeline.settings", "api.settings")


def _page(name: str) -> str:
    """A page whose code blocks hold no line that could be taken for a heading."""
    text = (DOCS / name).read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```", lambda block: block[0].replace("\n#", "\n #"), text, flags=re.M | re.S)


def _section(text: str, title: str) -> str:
    """What stands under the heading that names `title`, up to the next heading of that level or above."""
    heading = re.search(rf"^(#+) [^\n]*\b{re.escape(title)}(?![\w-])[^\n]*$", text, re.M)
    if heading is None:
        return ""
    rest = text[heading.end() :]
    following = re.search(rf"^#{{1,{len(heading[1])}}} ", rest, re.M)
    return rest[: following.start()] if following else rest


def _commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    """Every command as it is typed, with its long options."""
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(child, (*words, name))
    if not getattr(command, "commands", None):
        options = [option for parameter in command.params for option in parameter.opts]
        yield (
            " ".join(words),
            [option for option in options if option.startswith("--") and option != "--help"],
        )


def _settings_classes(module: ModuleType) -> Iterator[tuple[type, dict[str, str]]]:
    """Each class of settings with its fields and what a field itself says about them."""
    for thing in vars(module).values():
        if not (isinstance(thing, type) and thing.__module__ == module.__name__):
            continue
        if dataclasses.is_dataclass(thing):
            yield thing, {field.name: "" for field in dataclasses.fields(thing)}
        elif hasattr(thing, "model_fields"):
            yield thing, {name: field.description or "" for name, field in thing.model_fields.items()}


def _report(findings: list[str]) -> None:
    assert not findings, "\n".join(["", *findings])


def test_every_command_and_option_stands_in_the_documentation() -> None:
    from typer.main import get_command

    from pipeline.cli.app import app

    text = _page("cli.md")
    findings = []
    program = get_command(app)
    own = [option for parameter in program.params for option in parameter.opts]
    assert "--version" in own
    for command, options in [("smearcount", own), *_commands(program, ("smearcount",))]:
        section = _section(text, command)
        if not section:
            findings.append(f"docs/cli.md has no heading `{command}`")
            continue
        missing = [option for option in options if not re.search(rf"{option}(?![\w-])", section)]
        findings += [f"docs/cli.md: `{command}` has no word on {option}" for option in missing]
    _report(findings)


@pytest.mark.parametrize("name", SETTINGS_MODULES)
def test_every_setting_stands_in_the_documentation(name: str) -> None:
    text = _page("settings.md")
    classes = list(_settings_classes(importlib.import_module(name)))
    assert classes, f"{name} holds no settings"
    findings = []
    for settings, fields in classes:
        for field, description in fields.items():
            word = re.compile(rf"\b({field}|SMEARCOUNT_{field.upper()})\b")
            if not (description or word.search(settings.__doc__ or "")):
                findings.append(f"{name}.{settings.__name__}: the docstring has no word on {field}")
            if not word.search(text):
                findings.append(f"docs/settings.md has no word on {field} of {settings.__name__}")
    _report(findings)


def _table(page: str, heading: str) -> list[list[str]]:
    """The rows of the table that begins with a line, each as its cells."""
    lines = _page(page).splitlines()
    assert heading in lines, f"docs/{page} has no table that begins with {heading}"
    rows = []
    for line in lines[lines.index(heading) + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def _named(rows: list[list[str]]) -> set[str]:
    """What the first column of a table names, several with commas between them."""
    return {name.strip("` ") for row in rows for name in row[0].split(",")}


def test_the_columns_of_a_cell_are_documented_as_they_are() -> None:
    from pipeline.records import CELL_TABLE

    expected = [
        [one.name, one.dtype, one.unit, "" if one.decimals is None else str(one.decimals), one.text]
        for one in CELL_TABLE
    ]
    documented = _table("outputs.md", "| column | type | unit | decimals | |")
    wanted = "\n".join(f"| {' | '.join(row)} |" for row in expected)
    assert documented == expected, f"docs/outputs.md: the table of columns must be\n{wanted}"


def test_every_column_has_decimals_if_and_only_if_it_is_a_float() -> None:
    from pipeline.records import CELL_TABLE

    assert {one.name for one in CELL_TABLE if one.dtype == "float"} == {
        one.name for one in CELL_TABLE if one.decimals is not None
    }


def _shares(reason: Any) -> tuple[str, str]:
    """Shares of good fields that it warns of and refuses, as the table writes them."""
    if reason.good_warned is None:
        return "", ""
    return f"{reason.good_warned:.1%}", f"{reason.good_refused:.1%}"


def test_every_code_of_a_notice_is_documented_and_no_other() -> None:
    from pipeline.quality.reasons import REASONS
    from pipeline.records import NoticeCode

    expected = [
        [one.code, one.words, one.measured, one.warns, one.refuses, one.action, one.advice, *_shares(one)]
        for one in REASONS
    ]
    heading = (
        "| code | it says | measured | warns | refuses | what to do | advice | good fields warned | refused |"
    )
    documented = _table("quality.md", heading)
    wanted = "\n".join(f"| {' | '.join(row)} |" for row in expected)
    assert documented == expected, f"docs/quality.md: the table of reasons must be\n{wanted}"
    assert {one.code for one in REASONS} == set(get_args(NoticeCode))


def test_every_verdict_and_every_field_of_the_summary_is_documented() -> None:
    from pipeline.records import SlideSummary, Verdict

    rows = _table("outputs.md", "| field | |")
    assert _named(rows) == {field.name for field in dataclasses.fields(SlideSummary)}
    (meaning,) = [row[1] for row in rows if row[0] == "verdict"]
    assert set(re.findall(r"`([^`]+)`:", meaning)) == set(get_args(Verdict))


def test_every_exit_code_is_documented_and_no_other() -> None:
    from pipeline.cli.exit_codes import ExitCode

    assert _named(_table("cli.md", "| exit code | |")) == {str(code.value) for code in ExitCode}


def test_every_error_code_of_the_service_is_documented() -> None:
    codes = set()
    for path in sorted((DOCS.parent / "api").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "ProblemError":
                assert len(node.args) == 3, f"{path.name}:{node.lineno}: status, code and detail expected"
                if isinstance(node.args[1], ast.Constant):
                    codes.add(str(node.args[1].value))
    documented = {
        name.strip("` ") for row in _table("api.md", "| status | type | |") for name in row[1].split(",")
    }
    assert len(codes) > 5
    # The names of HTTP itself, which the framework's own errors carry.
    assert codes <= documented <= codes | {"not-found", "method-not-allowed"}


def test_the_index_leads_to_every_page() -> None:
    text = _page("index.md")
    pages = [
        path.relative_to(DOCS).as_posix() for path in sorted(DOCS.rglob("*.md")) if path.name != "index.md"
    ]
    _report([f"docs/index.md does not lead to {page}" for page in pages if f"({page})" not in text])


def test_no_page_leads_nowhere() -> None:
    findings = []
    for path in [*sorted(DOCS.rglob("*.md")), *sorted(DOCS.parent.glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8")):
            if "://" not in target and not (path.parent / target).exists():
                findings.append(f"{path.relative_to(DOCS.parent)} leads to {target}, which is not there")
    _report(findings)


def test_every_room_stands_in_the_layout_of_contributing() -> None:
    text = (DOCS.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    layout = text.partition("## Layout")[2].partition("\n## ")[0]
    rooms = [path.parent.name for path in sorted((DOCS.parent / "pipeline").glob("*/__init__.py"))]
    _report([f"CONTRIBUTING.md, Layout: no word on {room}" for room in rooms if f" {room} " not in layout])


def test_the_map_names_only_places_that_are_there() -> None:
    places = re.findall(r"`([a-z_]+/[\w./]*)`", _page("index.md"))
    assert len(places) > 20
    _report([f"docs/index.md: no {place}" for place in places if not (DOCS.parent / place).exists()])


def test_the_examples_of_style_stand_so_in_the_code() -> None:
    text = (DOCS.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n# (\S+)\n(.*?)```", text, re.S)
    assert len(examples) >= 2
    for name, example in examples:
        source = (DOCS.parent / name).read_text(encoding="utf-8")
        assert "".join(example.split()) in "".join(source.split()), (
            f"{name} has changed; so must CONTRIBUTING.md"
        )


def test_a_section_ends_where_the_next_of_its_level_begins() -> None:
    text = "## `smearcount count SLIDE`\n--json\n### more\n--out\n## `smearcount count-all`\n--all\n"
    assert _section(text, "smearcount count") == "\n--json\n### more\n--out\n"
    assert _section(text, "smearcount count-all") == "\n--all\n"
    assert _section(text, "smearcount serve") == ""
