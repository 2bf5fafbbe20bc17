"""The errors that a user reads without a traceback, and the exit codes they lead to."""

from __future__ import annotations


class GanBenchError(Exception):
    """An error whose message is for the user: what is wrong, where, why, and what to do."""

    exit_code = 1


class UsageError(GanBenchError):
    """The command asks for something that does not exist or does not fit together."""

    exit_code = 2


class DataError(GanBenchError):
    """Images or weights are missing, unreadable or altered."""

    exit_code = 4


class NotHere(DataError):
    """Weights are not on this machine, but can be downloaded or given."""


class StorageError(GanBenchError):
    """The results or the cache cannot be read or written."""

    exit_code = 5


class Unscorable(GanBenchError):
    """A metric gives no score for these samples, because any number would mislead.

    The report shows the message in place of the score. The other metrics are still computed.
    """


def sentence(error: BaseException) -> str:
    """The error as one line for a record or a list."""
    if isinstance(error, GanBenchError):
        return str(error)
    if isinstance(error, SystemExit):
        return f"a plugin ended the process with sys.exit({error.code!r})"
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
