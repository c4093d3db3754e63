"""What a FastStream handler asks for by the annotation of a parameter."""

from typing import Annotated, Any, Final

from fast_depends.library import CustomField

from services.chassis import database

TRANSACTION: Final = "tx"
"""The name by which the transaction of a message is in FastStream's context."""


class Current(CustomField):
    """FastStream's `Context`, for what the middleware has set for this message.

    `Context` looks its value up in a thread, because FastDepends takes whatever is not `async` for
    something that blocks (docs/decisions/0060-handlers-are-faststream-subscribers.md).
    """

    def __init__(self, name: str) -> None:
        super().__init__(cast=False)
        self._name = name

    async def use(  # pyright: ignore[reportIncompatibleMethodOverride] - FastDepends awaits it where it can be
        self,
        /,
        **kwargs: Any,  # noqa: ANN401 - the arguments of any handler
    ) -> dict[str, Any]:
        """Return the arguments of a handler, and this one among them."""
        assert self.param_name
        kwargs[self.param_name] = kwargs["context__"].get_local(self._name)
        return kwargs


Transaction = Annotated[database.Transaction, Current(TRANSACTION)]
"""The transaction in which a message is handled; it commits or rolls back with the receipt."""
