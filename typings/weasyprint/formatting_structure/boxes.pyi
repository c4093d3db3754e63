# What of the boxes of a page is used here.
from collections.abc import Iterator

class Box:
    def descendants(self) -> Iterator[Box]: ...

class LineBox(Box): ...

class TextBox(Box):
    text: str
