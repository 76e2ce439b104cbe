"""Checks of what is installed: Python, and the packages that smearcount asks for."""

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version

from pipeline.doctor.finding import Finding, passed

__all__ = ["check_packages", "check_python", "is_within"]

_LEAST_PYTHON = (3, 11)  # as pyproject.toml asks
_REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*\(?(?P<bounds>[^;)]*)")


def check_python() -> Finding:
    """The version of Python."""
    found = f"{platform.python_version()}, {platform.machine()}, {platform.system()}"
    if sys.version_info >= _LEAST_PYTHON:
        return passed("python", found)
    return Finding(
        name="python",
        state="FAIL",
        found=found,
        mend="Install Python 3.11 or newer, then smearcount into it.",
    )


def check_packages() -> Finding:
    """Each package that smearcount asks for is there, in a version that it was made for."""
    try:
        asked = [line for line in requires("smearcount") or () if "extra ==" not in line]
    except PackageNotFoundError:
        return Finding(
            name="packages",
            state="WARN",
            found="smearcount runs from its source and is not installed, so nothing says what it asks for",
            mend="Install it: pip install . in its folder.",
        )
    missing, other = [], []
    for line in asked:
        match = _REQUIREMENT.match(line)
        name, bounds = (match["name"], match["bounds"].strip()) if match else (line, "")
        try:
            there = version(name)
        except PackageNotFoundError:
            missing.append(name)
            continue
        if not is_within(there, bounds):
            other.append(f"{name} {there} (asked for: {bounds})")
    mend = "Install smearcount again, into a virtual environment of its own."
    if missing:
        return Finding(name="packages", state="FAIL", found=f"missing: {', '.join(missing)}", mend=mend)
    if other:
        return Finding(name="packages", state="WARN", found=", ".join(other), mend=mend)
    return passed("packages", f"smearcount {version('smearcount')} and all {len(asked)} that it asks for")


def is_within(there: str, bounds: str) -> bool:
    """Whether a version keeps bounds such as ">=0.25,<1" or "==4.*"; what else they hold is passed over."""
    return all(_keeps(there, bound.strip()) for bound in bounds.split(",") if bound.strip())


def _keeps(there: str, bound: str) -> bool:
    match = re.match(r"^(==|>=|<=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?", bound)
    if match is None:
        return True
    sign, wanted = match[1], _numbers(match[2])
    found = _numbers(there)
    if match[3]:
        return found[: len(wanted)] == wanted
    length = max(len(found), len(wanted))
    one, other = (numbers + (0,) * (length - len(numbers)) for numbers in (found, wanted))
    answers = {"==": one == other, ">=": one >= other, "<=": one <= other, "<": one < other, ">": one > other}
    return answers[sign]


def _numbers(text: str) -> tuple[int, ...]:
    """The release's numbers: "4.13.0.92" and "3.0rc1" give (4, 13, 0, 92) and (3, 0)."""
    match = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(int(number) for number in match[0].split(".")) if match else ()
