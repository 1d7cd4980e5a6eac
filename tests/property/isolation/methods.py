"""Every method that the protos describe, by its name."""

from __future__ import annotations

from google.protobuf.descriptor import MethodDescriptor

from tests.contract.rest.services import SERVICES

METHODS: dict[str, MethodDescriptor] = {
    method.name: method for service in SERVICES for method in service.methods
}
