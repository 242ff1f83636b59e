"""The loop closed: alerts that rules raise, who looks after them, and what came of it."""
