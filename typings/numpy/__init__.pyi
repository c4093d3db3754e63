# As much of numpy's types as polars' own types speak of; nothing here uses numpy itself.
from typing import Generic, TypeVar

_Shape = TypeVar("_Shape")
_Kind = TypeVar("_Kind")

class ndarray(Generic[_Shape, _Kind]): ...  # noqa: N801 - its name over there
