"""The targets of Thumb."""

from armlet.isa.thumb.cortex_m4f import CORTEX_M4F
from armlet.isa.thumb.integer.cortex_m0plus import CORTEX_M0PLUS, CORTEX_M0PLUS_SMALL_MULTIPLY
from armlet.isa.thumb.integer.cortex_m4 import CORTEX_M4, CORTEX_M4F_INTEGER

TARGETS = (CORTEX_M4F,)
INTEGER_TARGETS = (CORTEX_M4, CORTEX_M4F_INTEGER, CORTEX_M0PLUS, CORTEX_M0PLUS_SMALL_MULTIPLY)
