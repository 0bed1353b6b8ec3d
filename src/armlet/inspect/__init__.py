"""What a model is and what compiling it would come to, before anything is done with it."""
