"""What billing decides, by noun: values and plain functions without clock, ids or I/O."""
