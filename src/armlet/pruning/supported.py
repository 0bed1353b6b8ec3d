"""Refuse what is not computed on networks with windows."""

from armlet.network.network import Network
from armlet.pruning.geometry.architecture import has_windows, require_dense
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.quantise.formats import WeightFormat
from armlet.pruning.select import Selector

_NEXT = "float32 is what sparsify gives for convolutions; integers come next"


def require_supported(network: Network, options: SparsifyOptions) -> None:
    """Raises `InputError` that names the option and the first layer that it does not fit."""
    if not has_windows(network):
        return
    if options.weight_format is not WeightFormat.FLOAT32:
        require_dense(network, "--weights and --activations", "make integers of dense layers in a chain", _NEXT)
    if options.selector is Selector.EXACT:
        require_dense(network, "--selector exact", "tries dense layers in a chain", "take auto, or second-order")
    if options.gauss_newton:
        require_dense(network, "--gauss-newton", "serves dense layers in a chain", "give more --steps")
