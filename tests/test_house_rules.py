"""The house rules of CONTRIBUTING.md, read from the source itself."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("api", "pipeline", "segmentation", "classifier", "models", "smearcount")
OUTSIDE_THE_LAYERS = ("benchmarks", "tests")
MODULE_LINES = 300
FOLDER_MODULES = 16
"""Modules of a folder, `__init__` free: a longer list is a corridor without rooms."""
FUNCTION_LINES = 40
"""From the first statement after the docstring to the last: decorators, signature, docstring are free."""
FUNCTION_ARGUMENTS = 6
"""Of any kind; `self` and `cls` are free, and so is a command, whose arguments are its options."""
HOLLOW_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
PURE_PACKAGES = ("segmentation", "classifier")
IMPURE_MODULES = {
    "pathlib", "os", "shutil", "tempfile", "io", "glob",
    "time", "datetime", "logging", "sqlite3", "subprocess", "socket",
}  # fmt: skip
HEAVY_MODULES = (
    "tensorflow", "keras", "ai_edge_litert", "cv2", "pandas", "scipy", "skimage", "fastapi",
)  # fmt: skip
IMPORTED_AS = {
    "ai-edge-litert": "ai_edge_litert",
    "opencv-python-headless": "cv2",
    "openslide-bin": "openslide_bin",
    "openslide-python": "openslide",
    "pillow": "PIL",
    "python-multipart": "python_multipart",
    "scikit-image": "skimage",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (REPOSITORY / folder).rglob("*.py"))


SOURCE = _modules(*PACKAGES, "benchmarks")


def _name(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(_tree(path)) if isinstance(node, Function))


def _body_lines(function: Function) -> int:
    statements = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not statements:
        return 0
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1


def _argument_names(function: Function) -> list[str]:
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    every += [star for star in (given.vararg, given.kwarg) if star is not None]
    return [argument.arg for argument in every if argument.arg not in {"self", "cls"}]


def _is_command(path: Path, function: Function) -> bool:
    given = [*function.args.args, *function.args.kwonlyargs]
    annotations = " ".join(ast.unparse(argument.annotation) for argument in given if argument.annotation)
    return "cli" in path.parts and re.search(r"(Option|Argument)\b", annotations) is not None


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module


def _defined_names(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            leaves = (leaf for target in targets for leaf in ast.walk(target))
            names.update(leaf.id for leaf in leaves if isinstance(leaf, ast.Name))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
    return names


def _exported(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return None


def _as_ruff_sorts(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as ruff's RUF022 wants `__all__`."""
    if name.isupper():
        return 0, name
    return (1 if name[:1].isupper() else 2), name


def _report(findings: list[str]) -> None:
    assert not findings, "\n".join(["", *findings])


def test_every_top_level_package_has_its_layer() -> None:
    found = {path.parent.name for path in REPOSITORY.glob("*/*.py") if not path.parent.name.startswith(".")}
    assert found - {"build", *OUTSIDE_THE_LAYERS} == set(PACKAGES)


def test_every_module_says_in_its_first_line_what_it_is_for() -> None:
    findings = []
    for path in SOURCE:
        docstring = ast.get_docstring(_tree(path))
        first = docstring.splitlines()[0] if docstring else ""
        if len(first) < 15 or not first.endswith("."):
            findings.append(f"{_name(path)}: begins with {first!r}; wanted is a sentence and its full stop")
    _report(findings)


def test_no_module_is_longer_than_300_lines() -> None:
    lengths = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCE}
    _report([f"{name}: {lines} lines" for name, lines in lengths.items() if lines > MODULE_LINES])


def test_no_folder_holds_more_than_16_modules() -> None:
    folders: dict[str, int] = {}
    for path in _modules(*PACKAGES, "benchmarks"):
        folders[_name(path.parent)] = folders.get(_name(path.parent), 0) + (path.stem != "__init__")
    _report([f"{name}: {number} modules" for name, number in folders.items() if number > FOLDER_MODULES])


def test_no_function_is_longer_than_40_lines() -> None:
    _report(
        [
            f"{_name(path)}:{function.lineno} {function.name}: {_body_lines(function)} lines"
            for path in SOURCE
            for function in _functions(path)
            if _body_lines(function) > FUNCTION_LINES
        ]
    )


def test_no_function_takes_more_than_six_arguments() -> None:
    _report(
        [
            f"{_name(path)}:{function.lineno} {function.name}: {len(_argument_names(function))} arguments"
            for path in SOURCE
            for function in _functions(path)
            if len(_argument_names(function)) > FUNCTION_ARGUMENTS and not _is_command(path, function)
        ]
    )


def test_every_module_has_a_sorted_all_of_names_that_exist() -> None:
    findings = []
    for path in SOURCE:
        tree = _tree(path)
        exported = _exported(tree)
        if exported is None:
            bare_package = path.stem == "__init__" and len(tree.body) == 1
            if not bare_package and path.stem != "__main__":
                findings.append(f"{_name(path)}: no __all__")
            continue
        if exported != sorted(exported, key=_as_ruff_sorts):
            findings.append(f"{_name(path)}: __all__ is not sorted")
        findings += [f"{_name(path)}: {name} is not there" for name in set(exported) - _defined_names(tree)]
        findings += [f"{_name(path)}: {name} is private" for name in exported if name.startswith("_")]
    _report(findings)


def test_errors_are_raised_and_never_asserted() -> None:
    _report(
        [
            f"{_name(path)}:{node.lineno}"
            for path in SOURCE
            for node in ast.walk(_tree(path))
            if isinstance(node, ast.Assert)
        ]
    )


def test_no_except_is_blind_without_a_reason_beside_it() -> None:
    findings = []
    for path in SOURCE:
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(_tree(path)):
            if not isinstance(node, ast.ExceptHandler):
                continue
            caught = ast.unparse(node.type) if node.type is not None else "everything"
            blind = node.type is None or re.search(r"\b(Base)?Exception\b", caught)
            around = "".join(lines[node.lineno - 2 : node.lineno + 1])
            if blind and (node.type is None or "#" not in around):
                findings.append(f"{_name(path)}:{node.lineno} catches {caught} and does not say why")
    _report(findings)


def test_no_module_has_a_name_that_says_nothing() -> None:
    _report([_name(path) for path in SOURCE if HOLLOW_NAMES & set(path.stem.split("_"))])


def test_only_the_command_line_and_the_benchmarks_print() -> None:
    _report(
        [
            f"{_name(path)}:{node.lineno}"
            for path in _modules(*PACKAGES)
            if "cli" not in path.parts
            for node in ast.walk(_tree(path))
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
        ]
    )


def test_numerics_never_touch_a_path_a_clock_or_a_log() -> None:
    findings = []
    for path in _modules(*PURE_PACKAGES):
        touched = {name.partition(".")[0] for name in _imports(_tree(path))} & IMPURE_MODULES
        findings += [f"{_name(path)} imports {name}" for name in sorted(touched)]
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"open", "np.load", "cv2.imread"}:
                findings.append(f"{_name(path)}:{node.lineno} opens a file")
    _report(findings)


def test_nothing_is_left_to_do_and_no_checker_is_silenced_without_a_reason() -> None:
    findings = []
    silenced = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?P<code>[:\[][^#]*)?(?P<reason>#.*)?$")
    for path in SOURCE:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if re.search(r"\b(TODO|FIXME|XXX)\b", line):
                findings.append(f"{_name(path)}:{number} something is left to do")
            found = silenced.search(line)
            if found and not (found["code"] and (found["reason"] or " " in found["code"].strip(": "))):
                findings.append(f"{_name(path)}:{number} silences a checker without a code and a reason")
    _report(findings)


def test_every_import_is_of_a_declared_dependency() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    shipped = [requirement for name in extras if name != "dev" for requirement in extras[name]]
    asked = [*project["dependencies"], *shipped]
    declared = {_import_name(requirement) for requirement in asked}
    allowed = declared | set(sys.stdlib_module_names) | {*PACKAGES, "benchmarks"}
    _report(
        [
            f"{_name(path)} imports {name}, which pyproject.toml does not ask for"
            for path in SOURCE
            for name in sorted({module.partition(".")[0] for module in _imports(_tree(path))} - allowed)
        ]
    )


def _import_name(requirement: str) -> str:
    name = re.split(r"[<>=!~;\[ ]", requirement, maxsplit=1)[0]
    return IMPORTED_AS.get(name, name.replace("-", "_"))


def _loaded_by(code: str) -> set[str]:
    """Top-level modules a fresh interpreter holds after `code`."""
    script = f"import sys\n{code}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_asking_for_help_imports_no_heavy_library() -> None:
    assert not _loaded_by("import pipeline.cli.app") & set(HEAVY_MODULES)


def test_a_count_needs_no_tensorflow() -> None:
    assert not _loaded_by("import pipeline.count, pipeline.batch") & {"tensorflow", "keras"}


def test_the_service_starts_without_tensorflow() -> None:
    assert not _loaded_by("import api.app") & {"tensorflow", "keras"}


def test_a_blind_except_a_long_function_and_a_stray_argument_would_be_found() -> None:
    """The rules above are themselves held: each finds what it forbids in a made-up module."""
    body = "\n".join(f"    x = {line}" for line in range(41))
    function = ast.parse(f"def f(self, a, b, *, c, d, e, g, **h):\n    '''Words.'''\n{body}\n").body[0]
    assert isinstance(function, ast.FunctionDef)
    assert _body_lines(function) == 41
    assert _argument_names(function) == ["a", "b", "c", "d", "e", "g", "h"]
    assert sorted(["load", "Model", "LIMIT"], key=_as_ruff_sorts) == ["LIMIT", "Model", "load"]
    assert list(_imports(ast.parse("import os.path\ndef f():\n    from keras import ops"))) == [
        "os.path",
        "keras",
    ]
    assert _defined_names(ast.parse("A, B = 1, 2\nclass C: pass\nimport d as e")) == {"A", "B", "C", "e"}
