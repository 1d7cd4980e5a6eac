"""The domain: what it means to remember. It knows no proto, no HTTP and no SQL."""
