"""Numbers, durations, sizes, counts and times as text: one format for each."""

from __future__ import annotations

import math
from datetime import UTC, datetime

UNITS = ("bytes", "kB", "MB", "GB", "TB")
LEAST_SIDE, MOST_SIDE = 8, 1024  # px, of the images that `run --size` makes


def number(value: float, digits: int = 4) -> str:
    """So many significant digits, all those before the point: 0.0123, 45.6, 1,001, 12,346."""
    short = f"{value + 0.0:.{digits}g}"  # + 0.0: no minus before a zero
    large = math.isfinite(value) and min(1000, 10**digits) <= abs(float(short)) < 1e9
    return f"{value:,.0f}" if large else short


def percent(share: float, digits: int = 2) -> str:
    """A share as a percentage: 0.256 is 26 %. Less than all is not rounded to 100 %."""
    shown = (number(100 * share, each) for each in (digits, digits + 1, digits + 2))
    text = next((each for each in shown if share >= 1 or each != "100"), "over 99.9")
    return f"{text} %"


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """A count with its noun: 1 cell, 6 cells, 1,200 images; `nouns` where an s does not do."""
    return f"{count:,} {noun if count == 1 else nouns or f'{noun}s'}"


def sides(height: int, width: int) -> str:
    """Sides in pixels, as `run --size` takes them: 64, or 128x96 for 128 pixels of width."""
    return f"{width}" if height == width else f"{width}x{height}"


def duration(seconds: float) -> str:
    """Seconds as people say them: 47 s, 3 min 20 s, 5 h 12 min."""
    whole = round(min(seconds, 1e12))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours:,} h {minutes:02d} min"


def size(count: float) -> str:
    """Bytes as people say them: 84 MB, 1.5 GB; powers of ten, as disks are sold."""
    rounded = float(f"{max(count, 1):.3g}")  # 999.9 MB is shown as 1 GB
    power = min(int(math.log10(rounded) // 3), len(UNITS) - 1)
    amount = count / 1000**power
    return f"{amount:.0f} {UNITS[power]}" if amount >= 100 else f"{amount:.3g} {UNITS[power]}"


def now() -> str:
    """The time in UTC, ISO 8601."""
    return moment(datetime.now(UTC).timestamp())


def moment(seconds: float) -> str:
    """A time in seconds since 1970, in UTC, ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def date(iso: str) -> str:
    """A time in ISO 8601 as people write it, 2026-11-26 18:33 UTC; any other text as it is."""
    try:
        at = datetime.fromisoformat(iso)
        return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at.tzinfo else iso
    except (ValueError, OverflowError):
        return iso


def exit_code(code: int) -> str:
    """How a process ended: exit code 3, or signal 11 for a negative code."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"
