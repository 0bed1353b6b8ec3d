"""Select the weights to remove next: score each removal, and remove the cheapest."""

from armlet.pruning.select.auto import resolve_selector
from armlet.pruning.select.cost import RIDGE, Biases, Costs, Selector, score_removals
from armlet.pruning.select.path import strongest_path
from armlet.pruning.select.prune import prune
from armlet.pruning.select.remove import remove
from armlet.pruning.select.savings import LayerSavings, mates_of, scores

__all__ = [
    "RIDGE",
    "Biases",
    "Costs",
    "LayerSavings",
    "Selector",
    "mates_of",
    "prune",
    "remove",
    "resolve_selector",
    "score_removals",
    "scores",
    "strongest_path",
]
