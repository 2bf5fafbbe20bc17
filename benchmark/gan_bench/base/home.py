"""Where the cache is: everything in it can be made again."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """$GAN_BENCH_HOME, or the user's cache folder."""
    if home := os.environ.get("GAN_BENCH_HOME"):
        return Path(home)
    if os.path.expanduser("~") == "~" and not os.environ.get("XDG_CACHE_HOME"):
        return Path(".cache", "gan-bench").absolute()  # no home folder, as in a container
    return Path(platformdirs.user_cache_dir("gan-bench"))
