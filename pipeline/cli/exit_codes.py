"""How a command ends: what a script that called it may rely on; docs/cli.md says what each means."""

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """Status that the command line hands back to the shell."""

    DONE = 0
    FAILED = 1
    WRONG_USAGE = 2
    TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h
    INTERRUPTED = 130
    TERMINATED = 143
