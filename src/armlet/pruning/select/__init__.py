"""Select the weights to remove next: score each removal, and remove the cheapest."""

from armlet.pruning.select.cost import RIDGE, Biases, Costs, Selector, score_removals
from armlet.pruning.select.prune import prune
from armlet.pruning.select.remove import remove, strongest_path

__all__ = ["RIDGE", "Biases", "Costs", "Selector", "prune", "remove", "score_removals", "strongest_path"]
