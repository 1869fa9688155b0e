"""The doors: HTTP, pages and the command line. They translate; the ledger decides."""
