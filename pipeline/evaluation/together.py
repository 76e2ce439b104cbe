"""Counts the pictures of a labelled slide together, as a user hands them in: as one folder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.counting.result import CountResult
from pipeline.errors import InputError
from pipeline.evaluation.labelled import FieldSet
from pipeline.settings import CountSettings

__all__ = ["Count", "counted_together"]

Count = Callable[[Path, CountSettings], CountResult]


@contextmanager
def counted_together(field_set: FieldSet, count: Count) -> Iterator[Count]:
    """A count of one picture that counts its whole slide once, and gives what belongs to the picture.

    The verdict is the slide's. Its dirt, and the calls that its clean cells explain, are told with its first
    picture alone, so that they add up.

    Parameters
    ----------
    count : counts a folder; an InputError of it is raised for every picture of the slide.
    """
    fields = field_set.fields
    pictures = {field_set.image_path(name).resolve(): str(name) for name in fields["field"]}
    slides = {str(name): str(slide) for name, slide in zip(fields["field"], fields["slide"], strict=True)}
    done: dict[str, CountResult | InputError] = {}
    with TemporaryDirectory(prefix="smearcount-") as place:

        def of_picture(path: Path, settings: CountSettings) -> CountResult:
            slide = slides[pictures[path.resolve()]]
            own = [picture for picture, name in pictures.items() if slides[name] == slide]
            if slide not in done:
                done[slide] = _counted(own, Path(place) / str(len(done)), (count, settings))
            result = done[slide]
            if isinstance(result, InputError):
                raise result
            return _part(result, path.resolve(), is_first=path.resolve() == own[0])

        yield of_picture


def _counted(
    pictures: list[Path], folder: Path, how: tuple[Count, CountSettings]
) -> CountResult | InputError:
    count, settings = how
    folder.mkdir()
    for picture in pictures:
        (folder / picture.name).symlink_to(picture)
    try:
        return count(folder, settings)
    except InputError as error:
        return error


def _part(result: CountResult, picture: Path, *, is_first: bool) -> CountResult:
    """What a slide's count holds of one picture.

    Raises
    ------
    InputError
        Where the picture was left out of the slide.
    """
    names, summary = {picture.stem, picture.name}, result.summary
    for excluded in summary.excluded_fields:
        if excluded.name in names:
            raise InputError(f"{excluded.name}: left out of its slide: {excluded.text}")
    cells = result.cells
    sizes = [field.um_per_px for field in summary.fields if field.name in names]
    part = replace(
        summary,
        um_per_px=sizes[0] if sizes else summary.um_per_px,
        debris=summary.debris if is_first else None,
        second_look=summary.second_look if is_first else None,
        failed_tiles=tuple(tile for tile in summary.failed_tiles if tile.field in names),
    )
    return replace(result, parts=(cells[cells["field"].isin(names)],), summary=part)
