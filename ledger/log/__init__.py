"""The evidence: bytes, hashes and tables. This package knows no word of the domain."""
