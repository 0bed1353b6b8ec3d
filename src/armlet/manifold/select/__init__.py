"""Which weights to remove next: costs, the cheapest, and what a removal moves."""

from armlet.manifold.select.cost import RIDGE, Biases, Costs, Selector, judge
from armlet.manifold.select.prune import prune
from armlet.manifold.select.remove import remove, strongest_path

__all__ = ["RIDGE", "Biases", "Costs", "Selector", "judge", "prune", "remove", "strongest_path"]
