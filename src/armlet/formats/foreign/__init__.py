"""Files of models that armlet does not read, and what to do with them."""
