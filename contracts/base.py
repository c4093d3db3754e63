"""The three kinds of message (events, commands, queries), their answers and their refusals."""

from types import GenericAlias
from typing import TYPE_CHECKING, ClassVar, Generic, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, model_validator

from contracts.problems import PROBLEMS

CATALOGUE: dict[str, "type[Message]"] = {}
"""Every message by its topic; filled by declaring the message, so a topic exists exactly once."""


class Value(BaseModel):
    """A frozen part of a message; readers ignore the fields that they do not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # it may be secret, and errors are logged
    )


class Message(Value):
    """What crosses a boundary. Its topic `<owner>.<name>.v<major>` is its routing key as well."""

    topic: ClassVar[str] = ""
    owner: ClassVar[str] = ""

    def __init_subclass__(cls, topic: str = "") -> None:
        """Enter a concrete message, one with a topic, in the catalogue."""
        super().__init_subclass__()
        if not topic:
            return
        owner, _, version = topic.split(".")
        assert version.startswith("v"), f"{topic}: a topic is <owner>.<name>.v<major>"
        assert topic not in CATALOGUE, f"{topic} is declared twice"
        cls.topic = topic
        cls.owner = owner
        CATALOGUE[topic] = cls


class Event(Message):
    """A fact that its owner publishes on the exchange `events`, for any subscriber."""


class Answer(Value):
    """The answer to a command or a query."""


class Done(Answer):
    """The answer of a command that succeeded and returns nothing."""


AnswerType_co = TypeVar("AnswerType_co", bound=Answer, covariant=True)


class Ask(Message, Generic[AnswerType_co]):
    """A message with one answer: `class FindPlan(Query[Plan], topic="billing.find-plan.v1")`."""

    answer: ClassVar[type[Answer]] = Done
    receipt: ClassVar[bool] = False
    """Whether its answer is kept, so that a repeated message gets the same one.

    A query has none. A command without one has a key of its own in its body, by which a repeat
    does nothing twice; it's asked only, and is lost with a broker that stops, as a query is.
    """

    def __init_subclass__(cls, topic: str = "", *, receipt: bool | None = None) -> None:
        """Note whether a receipt is kept, and the type of the answer from the generic base."""
        super().__init_subclass__(topic=topic)
        if receipt is not None:
            cls.receipt = receipt
        for base in cls.__dict__.get("__orig_bases__", ()):
            for argument in get_args(base):
                if isinstance(argument, type):
                    cls.answer = argument

    if not TYPE_CHECKING:

        @classmethod
        def __class_getitem__(cls, answer: object) -> GenericAlias:
            """Note the answer without making a class for it: that would take most of an import."""
            return GenericAlias(cls, answer)


class Command(Ask[AnswerType_co], Generic[AnswerType_co]):
    """A command to the service that owns it: `ask` waits for its answer, `tell` does not."""

    receipt: ClassVar[bool] = True


class Query(Ask[AnswerType_co], Generic[AnswerType_co]):
    """A question that changes nothing. It is lost when the broker stops."""


class FieldError(Value):
    """One field that its sender must correct."""

    pointer: str
    """JSON pointer into the body as it was sent, such as `/administrator/email`."""

    type: str
    detail: str


class Coded(Value):
    """What went wrong, as a code that never changes."""

    type: str
    """The code, for readers from before there was `code`."""

    code: str = ""
    """A key of `contracts.problems.PROBLEMS`."""

    detail: str

    @model_validator(mode="after")
    def _fill_code(self) -> Self:
        """Fill in the code of what was stored or sent by an earlier version."""
        if not self.code:
            object.__setattr__(self, "code", self.type)
        return self


class Problem(Coded, Answer):
    """A refusal: why it was refused and what to do. Rendered by the gateway as RFC 9457."""

    errors: tuple[FieldError, ...] = ()


class Refused(Exception):  # noqa: N818 - it reads as the fact it is: raise Refused("number-taken", …)
    """The request is refused; nothing was changed."""

    def __init__(self, kind: str, detail: str, errors: tuple[FieldError, ...] = ()) -> None:
        assert kind in PROBLEMS, f"{kind} is not a published problem"
        super().__init__(f"{kind}: {detail}")
        self.problem = Problem(type=kind, detail=detail, errors=errors)
