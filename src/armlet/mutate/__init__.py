"""Wrong copies of a program, which the verifier must refuse."""
