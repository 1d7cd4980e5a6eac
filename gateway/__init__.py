"""The REST face: HTTP and JSON in, gRPC calls out. It knows no rule of the domain and no database."""
