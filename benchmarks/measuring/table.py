"""The measured lines as text: the table with its goals, and the shares of the steps."""

from collections.abc import Mapping, Sequence

from benchmarks.measuring.records import Measure

__all__ = ["shares_text", "table_text"]


def table_text(measures: Sequence[Measure]) -> str:
    """Name, value, unit, goal, verdict and note of each measure, one line each, below a header."""
    width = max([36, *(len(measure.name) + 2 for measure in measures)])
    lines = [f"{'measure':<{width}}{'measured':>10} {'unit':<7}{'goal':>14}  "]
    for measure in measures:
        value = "-" if measure.value is None else f"{measure.value:.2f}"
        bound = "at least" if measure.at_least else "at most"
        goal = "" if measure.goal is None else f"{bound} {measure.goal:g}"
        numbers = f"{value:>10} {measure.unit:<7}{goal:>14}"
        lines.append(f"{measure.name:<{width}}{numbers}  {measure.verdict:<9}{measure.note}")
    return "\n".join(line.rstrip() for line in lines)


def shares_text(steps: Mapping[str, float]) -> str:
    """Seconds of each step and its share of all, one line each, and their sum."""
    whole = sum(steps.values())
    lines = [f"{name:<34}{spent:>6.2f} s{spent / whole:>6.0%}" for name, spent in steps.items()]
    return "\n".join([*lines, f"{'together':<34}{whole:>6.2f} s"])
