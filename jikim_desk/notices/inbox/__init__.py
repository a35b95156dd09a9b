"""Answers to notices: read from the role mailbox by IMAP, joined to their notice, sorted, and confirmed by a person."""
