"""People who are helped, as far as the work needs it."""
