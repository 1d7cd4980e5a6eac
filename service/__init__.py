"""The gRPC service: inference, reconciliation and the stores behind them."""
