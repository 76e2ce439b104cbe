"""All checks, one after another; a check that breaks down is a failed check, and the others go on."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from pipeline.doctor.finding import Finding
from pipeline.errors import error_line
from pipeline.settings import CountSettings

__all__ = ["check_up"]

_BROKE_DOWN = (
    "See what the line says; SMEARCOUNT_DEBUG=1 shows where. If that does not help, install smearcount again."
)


def check_up(out: Path, settings: CountSettings) -> Iterator[Finding]:
    """Check what a count into the folder `out` with these networks needs, in about two seconds.

    `out` need not exist: the disk is that of the nearest folder above it. What is written there is removed.
    """
    for name, check in _checks(out, settings):
        try:
            yield check()
        except Exception as error:  # a broken library raises anything; that is what is looked for
            yield Finding(name=name, state="FAIL", found=error_line(error), mend=_BROKE_DOWN)


def _checks(out: Path, settings: CountSettings) -> Iterator[tuple[str, Callable[[], Finding]]]:
    from pipeline.doctor import computer, folder, installed, networks, readers

    yield "python", installed.check_python
    yield "packages", installed.check_packages
    yield "detector", partial(networks.check_detector, settings)
    yield "classifier", partial(networks.check_classifier, settings)
    for form in readers.FORMS:
        yield f"read {form.name}", partial(readers.check_form, form)
    yield "cores", computer.check_cores
    yield "memory", computer.check_memory
    yield "clock", partial(computer.check_clock, out)
    yield "folder", partial(folder.check_folder, out)
    yield "disk space", partial(folder.check_space, out)
    yield "write speed", partial(folder.check_speed, out)
    yield "ledger", partial(folder.check_ledger, out)
