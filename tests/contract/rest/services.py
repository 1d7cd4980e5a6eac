"""The services that the protos describe, whichever there are."""

from __future__ import annotations

import importlib
import pkgutil

import memoryd.v1
from google.protobuf.descriptor import ServiceDescriptor

SERVICES: list[ServiceDescriptor] = [
    described
    for module in pkgutil.iter_modules(memoryd.v1.__path__)
    if module.name.endswith("_service_pb2")
    for described in importlib.import_module(f"memoryd.v1.{module.name}").DESCRIPTOR.services_by_name.values()
]
