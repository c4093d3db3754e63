"""Who exists and in what state; users and their passwords; the opening saga."""
