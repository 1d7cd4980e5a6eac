"""What the program offers to whoever deploys it. The chart and the image are held against this."""

from __future__ import annotations

COMMANDS = frozenset({"serve", "service", "gateway", "keys"})

SETTINGS = frozenset(
    {
        "MEMORYD_BOOTSTRAP_API_KEY",
        "MEMORYD_CHROMA_URL",
        "MEMORYD_DATABASE_URL",
        "MEMORYD_DATA_DIR",
        "MEMORYD_EMBEDDER",
        "MEMORYD_EMBEDDING_MODEL",
        "MEMORYD_GRPC_ADDRESS",
        "MEMORYD_GRPC_TARGET",
        "MEMORYD_HTTP_ADDRESS",
        "MEMORYD_LOG_LEVEL",
        "MEMORYD_MODEL",
        "MEMORYD_REASONER",
        "MEMORYD_REQUEST_TIMEOUT",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
    }
)
SECRETS = frozenset({"MEMORYD_BOOTSTRAP_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"})
