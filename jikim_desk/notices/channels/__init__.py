"""Channels that take no mail: the commission's bulk file and its bulk replies, web forms, and suggested searches."""
