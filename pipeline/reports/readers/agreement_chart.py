"""The plot of difference against mean as a file of its own: SVG, or PNG for what shows no SVG."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.files import write_whole
from pipeline.names import for_html
from pipeline.reports.readers.agreement import Comparison
from pipeline.reports.readers.agreement_layout import INK, PANEL, WIDTH, Drawn, Mark, Rule, Words, laid_out

__all__ = ["agreement_picture", "agreement_svg", "check_plot_name", "write_plot"]

PX = 2
"""Px of the PNG for one of the layout: it prints sharp at 15 cm."""
DOT, SQUARE = "#0072B2", "#D55E00"
"""Blue and vermilion of Okabe and Ito, Color Universal Design (2008); the form tells them apart as well."""
CAPITAL = 0.729
"""Height of a capital letter, of the font's size."""
_DASH = (7, 4)


def check_plot_name(path: Path) -> None:
    """Raise an InputError where the name ends in neither .png nor .svg."""
    if path.suffix.lower() not in _FORMS:
        raise InputError(f"{path}: a plot is written as .png or .svg; give it such an ending")


def write_plot(path: Path, comparison: Comparison) -> None:
    """Write the plot in the form that the file's ending names.

    Raises
    ------
    InputError, OutputError
        Where the ending is neither .png nor .svg; where it cannot be written.
    """
    check_plot_name(path)
    write_whole(path, _FORMS[path.suffix.lower()](comparison))


def agreement_svg(comparison: Comparison) -> str:
    """SVG with a panel for each pair; discordant slides are squares, all others dots."""
    parts = []
    for row, (_, drawn) in enumerate(laid_out(comparison)):
        parts += [f'<g transform="translate(0 {row * PANEL})">', *map(_svg, drawn), "</g>"]
    height = PANEL * len(comparison.pairs)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img" font-family="DejaVu Sans, Arial, sans-serif" font-size="12">',
            f"<title>{for_html(', '.join(comparison.readers))}: difference against mean</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _svg(one: Drawn) -> str:
    if isinstance(one, Words):
        turned = f' transform="rotate(-90 {one.x:.1f} {one.y:.1f})"' if one.is_upright else ""
        weight = ' font-weight="bold"' if one.is_bold else ""
        return (
            f'<text x="{one.x:.1f}" y="{one.y:.1f}" font-size="{one.size}" text-anchor="{one.anchor}"{weight}'
            f'{turned} fill="{INK}">{for_html(one.text)}</text>'
        )
    if isinstance(one, Rule):
        dash = f' stroke-dasharray="{_DASH[0]} {_DASH[1]}"' if one.is_dashed else ""
        return (
            f'<line x1="{one.left}" x2="{one.right}" y1="{one.y:.1f}" y2="{one.y:.1f}" '
            f'stroke="{one.colour}" stroke-width="{one.width}"{dash}/>'
        )
    if one.is_discordant:
        return (
            f'<rect x="{one.x - 5:.1f}" y="{one.y - 5:.1f}" width="10" height="10" fill="{SQUARE}" '
            f'stroke="{INK}" stroke-width="1.5"/>'
        )
    return f'<circle cx="{one.x:.1f}" cy="{one.y:.1f}" r="4" fill="{DOT}" stroke="{INK}"/>'


def agreement_picture(comparison: Comparison) -> NDArray[np.uint8]:
    """The same as RGB uint8 (PX * PANEL * pairs, PX * WIDTH, 3)."""
    panels = []
    for _, drawn in laid_out(comparison):
        canvas = np.full((PX * PANEL, PX * WIDTH, 3), 255, np.uint8)
        for one in drawn:
            _draw(canvas, one)
        panels.append(canvas)
    return np.concatenate(panels)


def _draw(canvas: NDArray[np.uint8], one: Drawn) -> None:
    if isinstance(one, Words):
        _draw_words(canvas, one)
    elif isinstance(one, Rule):
        _draw_rule(canvas, one)
    else:
        _draw_mark(canvas, one)


def _draw_words(canvas: NDArray[np.uint8], one: Words) -> None:
    from pipeline.output.letters import draw_text, text_width

    height = PX * one.size * CAPITAL
    before = {"start": 0.0, "middle": 0.5, "end": 1.0}[one.anchor] * text_width(one.text, height)
    if not one.is_upright:
        draw_text(canvas, (PX * one.x - before, PX * one.y), one.text, height, bold=one.is_bold)
        return
    # Turned a quarter clockwise, what is upright lies level: x is then height - y, and y is x.
    level = np.ascontiguousarray(np.rot90(canvas, -1))
    draw_text(level, (canvas.shape[0] - PX * one.y - before, PX * one.x), one.text, height)
    canvas[:] = np.rot90(level)


def _draw_rule(canvas: NDArray[np.uint8], one: Rule) -> None:
    thick = round(PX * one.width)
    top = round(PX * one.y - thick / 2)
    step, dash = (PX * sum(_DASH), PX * _DASH[0]) if one.is_dashed else (canvas.shape[1], canvas.shape[1])
    for left in range(round(PX * one.left), round(PX * one.right), step):
        canvas[top : top + thick, left : min(left + dash, round(PX * one.right))] = _rgb(one.colour)


def _draw_mark(canvas: NDArray[np.uint8], one: Mark) -> None:
    import cv2

    x, y = round(PX * one.x), round(PX * one.y)
    if one.is_discordant:
        corners = (x - 5 * PX, y - 5 * PX), (x + 5 * PX, y + 5 * PX)
        cv2.rectangle(canvas, *corners, _rgb(SQUARE), cv2.FILLED)
        cv2.rectangle(canvas, *corners, _rgb(INK), 3)
    else:
        cv2.circle(canvas, (x, y), 4 * PX, _rgb(DOT), cv2.FILLED, cv2.LINE_AA)
        cv2.circle(canvas, (x, y), 4 * PX, _rgb(INK), 2, cv2.LINE_AA)


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def _png(comparison: Comparison) -> bytes:
    import cv2

    return cv2.imencode(".png", agreement_picture(comparison)[..., ::-1])[1].tobytes()


_FORMS: dict[str, Callable[[Comparison], bytes]] = {
    ".png": _png,
    ".svg": lambda comparison: agreement_svg(comparison).encode(),
}
