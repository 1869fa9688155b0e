"""The read models: what the record means now, or meant at any earlier moment."""
