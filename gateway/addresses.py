"""What the app's addresses take."""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts


def methods_at(app: FastAPI, path: str) -> set[str]:
    """Return the methods of every route of an address; the first that fits knows but its own."""
    fitting = [
        route
        for route in iter_route_contexts(app.routes)
        if route.methods and (pattern := getattr(route, "path_regex", None)) and pattern.match(path)
    ]
    same_address = [route for route in fitting if route.path_format == fitting[0].path_format]
    return {method for route in same_address for method in route.methods or ()}
