"""What a form with a new password says beside the password itself."""

from contracts.base import FieldError
from gateway.portal.forms import Form


def repeated_wrongly(form: Form) -> tuple[FieldError, ...]:
    """Return what is wrong when a new password was not typed twice the same."""
    if form.secret("new") == form.secret("confirm"):
        return ()
    detail = "Enter the new password again, exactly as above."
    return (FieldError(pointer="/confirm", type="differs", detail=detail),)


def revokes_keys(form: Form) -> bool:
    """Tell whether a person's API keys go together with the old password."""
    return form.text("revoke_keys") == "yes"
