"""The style of a report's drawings: it stands in each, since not every renderer hands a page's on to them."""

__all__ = ["HATCHES", "PATTERNS", "SVG_STYLE"]

SVG_STYLE = """<style>
.scale text, .sizes text { fill: #14181f; font-family: "DejaVu Sans", sans-serif; font-size: 12px; }
.sizes text { font-size: 11px; }
.axis { stroke: #4a5462; stroke-width: 1; }
.mark { stroke: #4a5462; stroke-width: 1; stroke-dasharray: 3 3; }
.interval, .end { stroke: #14181f; stroke-width: 3; }
.interval.none { stroke-dasharray: 7 4; }
circle.seen { fill: #14181f; }
circle.none { fill: #fff; stroke: #14181f; stroke-width: 2.5; }
.corrected, .limit { fill: #fff; stroke: #14181f; stroke-width: 1.5; }
.bar { fill: #6c7a8c; }
.median { stroke: #14181f; stroke-width: 1.5; stroke-dasharray: 5 3; }
.halo { fill: none; stroke: #fff; stroke-width: 4.5; }
.ring { fill: none; stroke: #000; stroke-width: 2; }
.region, .readable { fill: none; stroke: #000; stroke-width: 1.5; stroke-dasharray: 6 3; }
</style>"""
HATCHES = {
    "thick": ("#8a3d00", "M-2 2l4 -4M0 8l8 -8M6 10l4 -4"),
    "thin": ("#004b78", "M-2 6l4 4M0 0l8 8M6 -2l4 4"),
    "glass": ("#444", "M0 4h8"),
}
"""Colour and lines, in a square of 8 px, of the hatching of each area: they differ in direction too."""


def _pattern(name: str) -> str:
    colour, lines = HATCHES[name]
    return (
        f'<pattern id="{name}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<path d="{lines}" stroke="#fff" stroke-width="3"/><path d="{lines}" stroke="{colour}" '
        'stroke-width="1.6"/></pattern>'
    )


PATTERNS = f"<defs>{''.join(_pattern(name) for name in HATCHES)}</defs>"
"""Fills by the names of `HATCHES`, for one drawing of a page."""
