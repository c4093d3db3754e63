"""The switch agent: asks for calls, keeps their records safe and ends them when they must end."""
