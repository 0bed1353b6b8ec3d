"""Networks as points with a metric: the function of a parameter point, the distance of two points, its curvature."""
