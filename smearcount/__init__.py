"""Count malaria-infected red cells from Python: count a slide, read a result back, compare readers.

These names are kept as semantic versioning promises: what is in `__all__` changes its meaning with a new
major version only. Everything else of the project may change with any version.
"""

from importlib.metadata import version

from pipeline.errors import InputError, SmearcountError
from smearcount.comparing import compare
from smearcount.counting import count
from smearcount.results import Result, read_result

__all__ = ["InputError", "Result", "SmearcountError", "compare", "count", "read_result"]

__version__ = version("smearcount")
