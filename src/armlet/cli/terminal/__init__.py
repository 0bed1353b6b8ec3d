"""What is shown and how: console, progress, plots, the process."""
