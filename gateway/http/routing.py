"""What the app's addresses take."""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts


def methods_at(app: FastAPI, path: str) -> set[str]:
    """Return the methods of every route of an address; a word says more than a parameter."""
    fitting = [
        route
        for route in iter_route_contexts(app.routes)
        if route.methods and (pattern := getattr(route, "path_regex", None)) and pattern.match(path)
    ]
    formats = [route.path_format or "" for route in fitting]
    meant = min(formats, key=lambda path: path.count("{"), default="")
    same_address = [route for route in fitting if route.path_format == meant]
    return {method for route in same_address for method in route.methods or ()}
