"""One module per noun. A route reads, calls the service, and writes; it decides nothing."""
