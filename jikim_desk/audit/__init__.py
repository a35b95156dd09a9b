"""The chain: what was done, by whom and when, so that no row can be changed unseen."""
