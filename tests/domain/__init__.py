"""Rules as sentences: given a chain, record one event, then consequences or a refusal."""
