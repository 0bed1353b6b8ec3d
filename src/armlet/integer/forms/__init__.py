"""What integer programs compute, as exact linear forms of unknowns with known intervals."""
