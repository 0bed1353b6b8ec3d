"""The numbers that a floating-point instruction of Arm's holds in itself.

VFPExpandImm makes a number of eight bits: a sign, three bits of exponent and four of fraction, so n / 16 times 2^r with
n from 16 to 31 and r from -3 to 4. Zero is none of them. Source: Armv7-M Architecture Reference Manual (DDI 0403),
A6.4.1.
"""

EIGHT_BITS = tuple(sign * n / 16 * 2.0**r for sign in (1, -1) for r in range(-3, 5) for n in range(16, 32))
