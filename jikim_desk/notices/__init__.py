"""Removal 삭제 지원: evidence packs, notices in the right form, the host directory, and proof that it is gone."""
