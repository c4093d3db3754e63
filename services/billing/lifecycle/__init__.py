"""From opening to closing: openings, plan changes, renewals, states."""
