"""Machines as tables. To add one: write its file and add it to `TARGETS`."""

from collections.abc import Mapping
from types import MappingProxyType

from armlet.isa.target import Target
from armlet.isa.thumb.cortex_m4f import CORTEX_M4F

TARGETS: Mapping[str, Target] = MappingProxyType({target.name: target for target in (CORTEX_M4F,)})
