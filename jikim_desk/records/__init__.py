"""The pipeline's rows: sweeps, watches, candidates and what was captured of them."""
