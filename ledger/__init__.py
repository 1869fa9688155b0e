"""The record: what the chain decided, by which rules, and the evidence that it was not changed."""
