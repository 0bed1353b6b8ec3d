"""Which scheme each layer is written in: those that may be, what each costs beside the others, the best mixes."""
