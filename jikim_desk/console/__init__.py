"""Pages, templates, words and the API: the only place that knows the web."""
