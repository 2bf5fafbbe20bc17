"""The errors that a user reads as one sentence: what, where, why, what to do."""

from __future__ import annotations


class GanBenchError(Exception):
    """A fault that is told to the user in one sentence: what, where, why, what to do."""

    exit_code = 1


class UsageError(GanBenchError):
    """The command asks for something that does not exist or does not fit together."""

    exit_code = 2


class DataError(GanBenchError):
    """Images or weights are missing, unreadable or not what they should be."""

    exit_code = 4


class NotHere(DataError):
    """Weights that could be fetched or given, but are not here: no fault of this machine."""


class StorageError(GanBenchError):
    """The results or the cache cannot be read or written."""

    exit_code = 5


class Unscorable(GanBenchError):
    """A metric refuses these samples: no number is better than a flattering one.

    The reason stands where the number would; the other metrics go on.
    """


def sentence(error: BaseException) -> str:
    """An error as one reads it in a record or a list."""
    if isinstance(error, GanBenchError):
        return str(error)
    if isinstance(error, SystemExit):
        return f"a plugin ended the process with sys.exit({error.code!r})"
    return f"{type(error).__name__}: {error}"
