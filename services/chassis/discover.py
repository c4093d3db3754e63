"""Finds the services: the packages beside the chassis that have an `app.py`."""

import importlib
from pathlib import Path
from typing import Final

from services.chassis.service import Service

SERVICES_FOLDER: Final = Path(__file__).parent.parent


def service_names() -> list[str]:
    """Return the names of all services."""
    return sorted(found.parent.name for found in SERVICES_FOLDER.glob("*/app.py"))


def load_service(name: str) -> Service:
    """Return a service by name, with its handlers registered."""
    service = importlib.import_module(f"services.{name}.app").service
    assert isinstance(service, Service), f"services.{name}.app has no service"
    return service
