"""Values that people install the chart with. Every rendered manifest is checked for each."""

from __future__ import annotations

from tests.helm.chart import Values

VALUE_SETS: dict[str, Values] = {
    "defaults": {},
    "a language model": {
        "secret": {"name": "keys", "openaiApiKey": "openai", "openaiBaseUrl": "endpoint"},
        "config": {
            "reasoner": "openai",
            "embedder": "openai",
            "model": "some-model",
            "embeddingModel": "some-embedding",
            "requestTimeout": 12.5,
            "logLevel": "WARNING",
            "logFormat": "json",
        },
    },
    "a claim that exists": {"service": {"persistence": {"existingClaim": "memories"}}},
    "a class of storage": {"service": {"persistence": {"storageClass": "", "size": "1Ti"}}},
    "many gateways": {"gateway": {"replicas": 5, "type": "LoadBalancer", "port": 80}},
    "another registry": {
        "fullnameOverride": "memory",
        "image": {"repository": "registry.example/team/memoryd", "tag": "1.2.3", "pullPolicy": "Always"},
        "imagePullSecrets": [{"name": "registry"}],
    },
    "stopped": {"service": {"replicas": 0}, "gateway": {"replicas": 0}},
    "bare resources": {"service": {"resources": {"limits": None, "requests": {"cpu": 2, "memory": "1.5Gi"}}}},
}
