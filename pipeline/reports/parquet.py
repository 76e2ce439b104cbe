"""Cells as Parquet, a row group at a time; needs the extra `parquet`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.errors import InputError
from pipeline.files import whole_file
from pipeline.records import CELL_TABLE

__all__ = ["write_parquet"]


def write_parquet(path: Path, parts: Iterable[pd.DataFrame]) -> None:
    """Write the table of cells: words as strings, flags as bool, unit and meaning beside each column.

    Raises
    ------
    InputError
        Where pyarrow is not installed.
    """
    arrow, parquet = _load()
    schema = arrow.schema([_field(arrow, column.name) for column in CELL_TABLE])
    with whole_file(path) as handle, parquet.ParquetWriter(handle, schema, compression="zstd") as writer:
        for part in parts:
            columns = [
                arrow.array(
                    _values(part[column.name], column.dtype), schema.field(column.name).type, from_pandas=True
                )
                for column in CELL_TABLE
            ]
            writer.write_table(arrow.Table.from_arrays(columns, schema=schema))


def _load() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise InputError(
            "Parquet needs pyarrow, which is not installed; install it: pip install 'smearcount[parquet]'"
        ) from error
    return pyarrow, parquet


def _field(arrow: Any, name: str) -> Any:
    column = next(column for column in CELL_TABLE if column.name == name)
    kinds = {"str": arrow.string(), "int": arrow.int64(), "float": arrow.float64(), "bool": arrow.bool_()}
    about = {"text": column.text} | ({"unit": column.unit} if column.unit else {})
    return arrow.field(name, kinds[column.dtype], metadata=about)


def _values(values: "pd.Series[Any]", kind: str) -> Any:
    if kind == "str":
        return values.astype(object).to_numpy()
    return values.to_numpy()
