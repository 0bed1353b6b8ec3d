"""Plain algorithms, slow and short, that judge the fast ones: nothing of these is in src."""
