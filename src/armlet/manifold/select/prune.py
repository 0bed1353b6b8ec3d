"""A number of removals by any selector: judged all at once, or some at a time.

Mathematics: docs/mathematics.md, section 3.
"""

import jax

from armlet.manifold.functional import Masks, Point
from armlet.manifold.metric import Reference, Shape
from armlet.manifold.select.affordable import affordable
from armlet.manifold.select.cost import Selector, judge
from armlet.manifold.select.remove import remove


def prune(
    selector: Selector,
    point: Point,
    masks: Masks,
    reference: Reference,
    key: jax.Array,
    shape: Shape,
    count: int,
    step_size: int | None = None,
) -> tuple[Point, Masks, float | None]:
    """The point without `count` more weights; costs are judged on `reference`, anew after every `step_size`.

    The last is the largest ridge that `second-order` needed, where it was asked.
    """
    if selector is Selector.EXACT:
        from armlet.manifold.select.exact import remove_exactly  # wakes Numba

        return *remove_exactly(point, masks, reference, shape, count)[:2], None
    ridge = None
    while count > 0:
        some, fresh = min(step_size or count, count), jax.random.fold_in(key, count)
        best = affordable(selector, masks)
        if best is Selector.SECOND_ORDER:
            from armlet.manifold.select.second_order import remove_second_order  # wakes Numba

            point, masks, needed = remove_second_order(point, masks, reference, fresh, shape, some)
            ridge = max(ridge or 0.0, needed)
        else:
            costs, biases = judge(best, point, reference, fresh, shape)
            point, masks = remove(point, masks, costs, biases, some)
        count -= some
    return point, masks, ridge
