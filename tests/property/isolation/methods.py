"""Every method that the protos describe, by its name."""

from __future__ import annotations

import importlib
import pkgutil

import memoryd.v1
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

SERVICES: tuple[ServiceDescriptor, ...] = tuple(
    service
    for module in pkgutil.iter_modules(memoryd.v1.__path__)
    if module.name.endswith("_service_pb2")
    for service in importlib.import_module(f"memoryd.v1.{module.name}").DESCRIPTOR.services_by_name.values()
)

METHODS: dict[str, MethodDescriptor] = {
    method.name: method for service in SERVICES for method in service.methods
}
