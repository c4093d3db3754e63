"""Which e-mails are written, by noun; importing the modules registers their handlers."""

from services.notifications.handlers import accounts, money, passwords
from services.notifications.handlers.service import notifications as service

__all__ = ["accounts", "money", "passwords", "service"]
