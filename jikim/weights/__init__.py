"""Model files: where they come from, what they must be, under which licence, and the sessions that run them."""
