"""The ledger held against what stands outside it: real history, published vectors, API rules."""
