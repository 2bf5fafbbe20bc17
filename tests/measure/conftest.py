"""The data set of the tests of the measure floor, prepared."""

from __future__ import annotations

from pathlib import Path

import pytest
from nets import DATASET

from gan_bench.data.cache import Prepared, prepare
from gan_bench.data.source import Source


@pytest.fixture
def prepared(home: Path) -> Prepared:
    return prepare(Source(DATASET), 4)
