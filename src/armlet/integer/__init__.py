"""Networks in integers: their value, what they compute to the bit, and the proof that no sum overflows."""
