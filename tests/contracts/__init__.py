"""The published language and what it promises."""
