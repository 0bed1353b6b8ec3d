"""Remove a number of weights by any selector, all scored at once or in smaller steps.

Mathematics: docs/mathematics.md, section 3.
"""

from collections.abc import Sequence

import jax

from armlet.pruning.geometry.functional import Masks, Point
from armlet.pruning.geometry.metric import Reference, Shape
from armlet.pruning.select.auto import resolve_selector
from armlet.pruning.select.cost import Selector, score_removals
from armlet.pruning.select.remove import remove
from armlet.pruning.select.savings import LayerSavings


def prune(
    selector: Selector,
    point: Point,
    masks: Masks,
    reference: Reference,
    key: jax.Array,
    shape: Shape,
    count: int,
    step_size: int | None = None,
    savings: Sequence[LayerSavings] | None = None,
) -> tuple[Point, Masks, float | None]:
    """Remove `count` more weights, scored on `reference` anew after every `step_size`, for what they save.

    Returns the point, the masks, and the largest ridge that `second-order` needed, if it was used.
    """
    if selector is Selector.EXACT:
        from armlet.pruning.select.exact import remove_exactly  # wakes Numba

        return *remove_exactly(point, masks, reference, shape, count, savings)[:2], None
    ridge = None
    while count > 0:
        some, fresh = min(step_size or count, count), jax.random.fold_in(key, count)
        best = resolve_selector(selector, masks, not shape.architecture.is_chain)
        if best is Selector.SECOND_ORDER:
            from armlet.pruning.select.obs import remove_second_order  # wakes Numba

            point, masks, needed = remove_second_order(point, masks, reference, fresh, shape, some, savings)
            ridge = max(ridge or 0.0, needed)
        else:
            costs, biases = score_removals(best, point, reference, fresh, shape)
            point, masks = remove(point, masks, costs, biases, some, shape.architecture, savings)
        count -= some
    return point, masks, ridge
