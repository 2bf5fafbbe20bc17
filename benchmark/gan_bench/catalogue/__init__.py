"""Everything that the installed plugins offer, from whom, and what code it is made of."""

from gan_bench.catalogue.loading import load, load_one
from gan_bench.catalogue.offers import KINDS, Broken, Catalogue, Claim
from gan_bench.catalogue.plugin import BUILT_IN, GROUP, Plugin, versions

__all__ = [
    "BUILT_IN",
    "GROUP",
    "KINDS",
    "Broken",
    "Catalogue",
    "Claim",
    "Plugin",
    "load",
    "load_one",
    "versions",
]
