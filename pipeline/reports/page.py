"""The templates that pages are drawn from."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["page_template"]

_TEMPLATES = Path(__file__).parent / "templates"


@cache  # compiling one takes longer than drawing a page of a hundred slides
def page_template(name: str) -> "Template":
    """The template of that file name; what is put into it is escaped, and nothing may be missing."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
