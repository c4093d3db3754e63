"""HTTP itself: problems, headers, limits of connections, times, lists as CSV."""
