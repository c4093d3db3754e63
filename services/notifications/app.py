"""The notifications service, wired."""

from services.notifications.handlers import service
from services.notifications.mailer import send_letters, send_links

service.background(send_links)
service.background(send_letters)

__all__ = ["service"]
