"""Profiles, requests for them and their settings as JSON."""

from __future__ import annotations

from collections.abc import Mapping

from memoryd.v1.profile_service_pb2 import (
    CreateProfileJobRequest,
    CreateProfileJobResponse,
    GetProfileResponse,
    GetProfileSettingsResponse,
    ProfileForm,
    ProfileJob,
    ProfileJobStatus,
    ProfileStatus,
    UpdateProfileSettingsRequest,
    UpdateProfileSettingsResponse,
)
from starlette.datastructures import Headers, QueryParams

from gateway.codec.fields import Fields, assign
from gateway.codec.memory import raw_object, rfc3339
from gateway.codec.project import read_project
from gateway.errors import Violation
from gateway.validation import Decoded

SAMPLE = "sample"
KEY_HEADER = "idempotency-key"
USER = "user"


def decode_job(
    body: dict[str, object], query: QueryParams, headers: Headers
) -> Decoded[CreateProfileJobRequest]:
    """A request for profiles. Clients send the idempotency key as a header."""
    fields, request = Fields(body, "", []), CreateProfileJobRequest()
    assign(
        request,
        {
            **{name: fields.text(name) for name in ("operation", "entity_type", "entity_id")},
            "limit": fields.integer("limit"),
            "idempotency_key": _key(fields, headers),
            **read_project(fields, query),
        },
    )
    return Decoded(request, fields.violations)


def decode_settings(body: dict[str, object], query: QueryParams) -> Decoded[UpdateProfileSettingsRequest]:
    """Changes of the settings. Null takes a schema or instructions away; what is absent stays."""
    violations: list[Violation] = []
    fields, request = Fields(body, "", violations), UpdateProfileSettingsRequest()
    assign(request, {"enabled": fields.flag("enabled"), **read_project(fields, query)})
    for name in ("schema", "custom_instructions"):
        if name in body:
            # To ignore it as any unknown field would leave its sender in the belief that it is set.
            text = f"Unsupported settings: {name} belongs into entities.user"
            violations.append(Violation(name, text))
    forms = _object(fields, "entities")
    violations.extend(
        Violation(f"entities.{kind}", "Unsupported settings: only users have profiles")
        for kind in sorted(set(forms) - {USER})
    )
    form = _object(Fields(forms, "entities", violations), USER)
    _read_form(Fields(form, f"entities.{USER}", violations), request.entities.user)
    return Decoded(request, violations)


def profile_object(profile: GetProfileResponse) -> dict[str, object]:
    """A profile, ready for `memoryd.exact_json.dumps`."""
    known = profile.HasField("updated_at")
    return {
        "profile": raw_object(profile.profile) or {},
        "status": ProfileStatus.Name(profile.status).removeprefix("PROFILE_STATUS_").lower(),
        "entity_type": profile.entity_type,
        "entity_id": profile.entity_id,
        "updated_at": rfc3339(profile.updated_at) if known else None,
        "generation_count": profile.generation_count,
        **_error(profile.error_reason, profile.error_message),
    }


def created_object(created: CreateProfileJobResponse) -> dict[str, object]:
    """A request that is stored."""
    count = len(created.entity_ids)
    stored: dict[str, object] = {
        "job_id": created.job_id,
        "status": _job_status(created.status),
        "status_url": f"/v2/profiles/jobs/{created.job_id}/",
        "operation": created.operation,
        "entity_type": created.entity_type,
        "entity_count_reserved": count,
        "event_id": None,
        "replayed": created.replayed,
        "entity_ids": list(created.entity_ids),
    }
    return stored | {"sampled": count} if created.operation == SAMPLE else stored


def job_object(job: ProfileJob) -> dict[str, object]:
    """How far a request has come."""
    return {
        "id": job.id,
        "status": _job_status(job.status),
        "operation": job.operation,
        "entity_type": job.entity_type,
        "total": job.total,
        "enumeration_complete": True,
        "completed": job.completed,
        "succeeded": job.succeeded,
        "failed": job.failed,
        "skipped": job.skipped,
        "failures": [
            {"entity_id": each.entity_id, **_error(each.error_reason, each.error_message)}
            for each in job.failures
        ],
        "created_at": rfc3339(job.created_at),
    }


def settings_object(
    settings: GetProfileSettingsResponse | UpdateProfileSettingsResponse,
) -> dict[str, object]:
    """The settings."""
    form, able = settings.entities.user, settings.capabilities
    return {
        "enabled": settings.enabled,
        "entities": {
            USER: {
                "schema": raw_object(form.schema),
                "custom_instructions": form.custom_instructions or None,
            }
        },
        "capabilities": {
            "entity_types": list(able.entity_types),
            "operations": list(able.operations),
            "sample_limit": able.sample_limit,
            "default_schema": raw_object(able.default_schema),
        },
    }


def _key(fields: Fields, headers: Headers) -> str | None:
    in_body = fields.text("idempotency_key")
    given = set(headers.getlist(KEY_HEADER)) | ({in_body} if in_body is not None else set())
    if len(given) > 1:
        fields.fault("idempotency_key", "is given more than once, with different values")
        return None
    return next(iter(given), None)


def _read_form(fields: Fields, form: ProfileForm) -> None:
    if "schema" in fields.values:
        schema = fields.values["schema"]
        form.schema = schema if isinstance(schema, str) else fields.object_text("schema") or ""
    if "custom_instructions" in fields.values:
        form.custom_instructions = fields.text("custom_instructions") or ""


def _object(fields: Fields, name: str) -> Mapping[str, object]:
    value = fields.values.get(name)
    if isinstance(value, dict):
        return value
    if value is not None:
        fields.object_text(name)
    return {}


def _job_status(status: ProfileJobStatus.ValueType) -> str:
    return ProfileJobStatus.Name(status).removeprefix("PROFILE_JOB_STATUS_").lower()


def _error(reason: str, message: str) -> dict[str, object]:
    return {"error_reason": reason or None, "error_message": message or None}
