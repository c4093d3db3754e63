"""The notifications service, wired."""

from services.notifications.handlers import service
from services.notifications.mailer import send_emails, send_links

service.background(send_links)
service.background(send_emails)

__all__ = ["service"]
