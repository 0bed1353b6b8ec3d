"""Which core register is for what in a program in single precision with loops."""

BLOCK, POOL, SOURCE, RESULT = 0, 1, 2, 3  # the block; the next constants; where the window is, and what it makes
COLUMNS, ROWS, CHANNELS = 4, 5, 6  # counters
OTHER = 7  # the second tensor of an addition
ADDRESSES = (6, 7)  # of what a body loads, in turn; bodies of sums have no counter of channels
VALUES = (8, 9, 10, 11)  # words on their way
CONSTANTS = 12  # where the constants of a body begin
FLOATS = 32
