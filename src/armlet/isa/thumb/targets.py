"""The targets of Thumb-2."""

from armlet.isa.thumb.cortex_m4f import CORTEX_M4F

TARGETS = (CORTEX_M4F,)
