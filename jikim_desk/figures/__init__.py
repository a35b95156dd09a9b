"""Statistics and plots of the work, never of a person."""
