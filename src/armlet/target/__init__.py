"""Machines as tables. To add one: write its file and add it to `TARGETS`."""

from collections.abc import Mapping
from types import MappingProxyType

from armlet.target.cortex_m4f import CORTEX_M4F
from armlet.target.spec import Target

TARGETS: Mapping[str, Target] = MappingProxyType({target.name: target for target in (CORTEX_M4F,)})
