"""Values and decisions of the number inventory."""
