"""Refuse what is not computed on networks with windows."""

from armlet.errors import InputError
from armlet.network.network import Network
from armlet.pruning.geometry.architecture import require_dense
from armlet.pruning.options import SparsifyOptions
from armlet.pruning.quantise.formats import WeightFormat
from armlet.pruning.quantise.windows import require_clamps
from armlet.pruning.select import Selector


def require_supported(network: Network, options: SparsifyOptions) -> None:
    """Raises `InputError` that names the option and the first layer that it does not fit."""
    if network.is_chain:
        return
    if options.target_core == "cortex-m0plus":
        raise InputError("--for cortex-m0plus", "compiles no networks with windows yet", "take cortex-m4")
    require_clamps(network, options.activations)
    if options.weight_format is WeightFormat.INT16:
        raise InputError("--weights int16", "serves dense layers in a chain, windows multiply bytes", "take int8")
    if options.blocks is not None:
        require_dense(network, "--blocks", "stand in dense layers in a chain", "leave it out")
    if options.selector is Selector.EXACT:
        require_dense(network, "--selector exact", "tries dense layers in a chain", "take auto, or second-order")
    if options.gauss_newton:
        require_dense(network, "--gauss-newton", "serves dense layers in a chain", "give more --steps")
