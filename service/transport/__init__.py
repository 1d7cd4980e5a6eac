"""What every RPC passes through before its handler."""
