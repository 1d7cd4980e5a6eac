"""ProfileService: each method reads the proto, calls one use case, and writes the proto."""

from __future__ import annotations

from memoryd.exact_json import dumps
from memoryd.v1 import profile_service_pb2 as pb
from memoryd.v1.profile_service_pb2_grpc import ProfileServiceServicer

from service.handlers.admission import admit
from service.handlers.event_record import timestamp
from service.handlers.fields import Fields
from service.handlers.profile_request import LARGEST_SAMPLE, OPERATIONS, USER, changes_from, wanted_from
from service.memory.accounts import Accounts
from service.memory.entities import EntityRegister
from service.memory.model import RequestStatus
from service.memory.profile_jobs import CreateProfileJob, StoredJob
from service.memory.profiles import (
    DEFAULT_SCHEMA,
    JobReader,
    Profile,
    ProfileFailure,
    ProfileJob,
    Profiles,
    ProfileSettings,
    TaskStatus,
    get_profile,
    get_profile_job,
)
from service.transport.chain import Context


class ProfileHandlers(ProfileServiceServicer):
    """Profiles of the users of the project that the API key selects."""

    def __init__(
        self,
        accounts: Accounts,
        profiles: Profiles,
        register: EntityRegister,
        create: CreateProfileJob,
        jobs: JobReader,
    ) -> None:
        self._accounts = accounts
        self._profiles = profiles
        self._register = register
        self._create = create
        self._jobs = jobs

    async def GetProfile(self, request: pb.GetProfileRequest, context: Context) -> pb.GetProfileResponse:
        """Gives the profile of a user."""
        fields = Fields()
        user_id = fields.identifier("entity_id", request.entity_id) or ""
        project_id = await admit(self._accounts, request, fields)
        return _profile_proto(user_id, await get_profile(self._profiles, self._register, project_id, user_id))

    async def CreateProfileJob(
        self, request: pb.CreateProfileJobRequest, context: Context
    ) -> pb.CreateProfileJobResponse:
        """Stores a request for profiles."""
        fields = Fields()
        wanted = wanted_from(request, fields)
        key = None
        if request.HasField("idempotency_key"):
            key = fields.identifier("idempotency_key", request.idempotency_key)
        project_id = await admit(self._accounts, request, fields, writes=True)
        if request.validate_only:
            return pb.CreateProfileJobResponse()
        return _stored_proto(await self._create(project_id, wanted, key))

    async def GetProfileJob(
        self, request: pb.GetProfileJobRequest, context: Context
    ) -> pb.GetProfileJobResponse:
        """Says how far a request has come."""
        fields = Fields()
        job_id = fields.uuid("job_id", request.job_id) or ""
        project_id = await admit(self._accounts, request, fields)
        return pb.GetProfileJobResponse(job=_job_proto(await get_profile_job(self._jobs, project_id, job_id)))

    async def GetProfileSettings(
        self, request: pb.GetProfileSettingsRequest, context: Context
    ) -> pb.GetProfileSettingsResponse:
        """Gives the settings."""
        project_id = await admit(self._accounts, request, Fields())
        settings = await self._profiles.settings(project_id)
        return pb.GetProfileSettingsResponse(
            enabled=settings.enabled, entities=_forms_proto(settings), capabilities=CAPABILITIES
        )

    async def UpdateProfileSettings(
        self, request: pb.UpdateProfileSettingsRequest, context: Context
    ) -> pb.UpdateProfileSettingsResponse:
        """Changes the settings."""
        fields = Fields()
        changes = changes_from(request, fields)
        project_id = await admit(self._accounts, request, fields, writes=True)
        if request.validate_only:
            return pb.UpdateProfileSettingsResponse()
        settings = await self._profiles.change_settings(project_id, changes)
        return pb.UpdateProfileSettingsResponse(
            enabled=settings.enabled, entities=_forms_proto(settings), capabilities=CAPABILITIES
        )


CAPABILITIES = pb.ProfileCapabilities(
    entity_types=[USER],
    operations=OPERATIONS,
    sample_limit=LARGEST_SAMPLE,
    default_schema=dumps(DEFAULT_SCHEMA),
)


def _profile_proto(user_id: str, profile: Profile) -> pb.GetProfileResponse:
    proto = pb.GetProfileResponse(
        status=pb.ProfileStatus.Value(f"PROFILE_STATUS_{profile.status.value}"),
        entity_type=USER,
        entity_id=user_id,
    )
    if profile.document is not None:
        proto.profile = profile.document.text
        proto.updated_at.CopyFrom(timestamp(profile.document.updated_at))
        proto.generation_count = profile.document.generation_count
    if profile.attempt is not None and profile.attempt.failure is not None:
        proto.error_reason = profile.attempt.failure.reason
        proto.error_message = profile.attempt.failure.text
    return proto


def _stored_proto(stored: StoredJob) -> pb.CreateProfileJobResponse:
    return pb.CreateProfileJobResponse(
        job_id=stored.job.id,
        status=_status_proto(stored.job.status),
        operation=stored.job.operation,
        entity_type=USER,
        entity_ids=stored.job.user_ids,
        replayed=stored.replayed,
    )


def _job_proto(job: ProfileJob) -> pb.ProfileJob:
    return pb.ProfileJob(
        id=job.id,
        status=_status_proto(job.status),
        operation=job.operation,
        entity_type=USER,
        total=job.total,
        completed=job.completed,
        succeeded=job.count(TaskStatus.SUCCEEDED),
        failed=job.count(TaskStatus.FAILED),
        skipped=job.count(TaskStatus.SKIPPED),
        failures=[_failure_proto(each) for each in job.failures],
        created_at=timestamp(job.created_at),
    )


def _failure_proto(failed: ProfileFailure) -> pb.ProfileFailure:
    return pb.ProfileFailure(
        entity_id=failed.user_id or "",
        error_reason=failed.failure.reason,
        error_message=failed.failure.text,
    )


def _status_proto(status: RequestStatus) -> pb.ProfileJobStatus.ValueType:
    return pb.ProfileJobStatus.Value(f"PROFILE_JOB_STATUS_{status.value}")


def _forms_proto(settings: ProfileSettings) -> pb.ProfileForms:
    form = pb.ProfileForm(custom_instructions=settings.instructions)
    if settings.schema is not None:
        form.schema = dumps(settings.schema)
    return pb.ProfileForms(user=form)
