"""A reasoner behind any endpoint that speaks OpenAI's chat completions."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import replace

import httpx2
import openai
import structlog
from openai.types.chat import ChatCompletionMessageParam
from openai.types.chat.completion_create_params import ResponseFormat

from service.inference.completion import read_completion
from service.inference.endpoint_errors import domain_error, out_of_time, private_cause, refuses_form
from service.inference.plan_schema import AnswerForm, plan_schema, read_plan
from service.inference.prompt import repair_text, system_text, user_text
from service.memory.model import Inference, Plan
from service.memory.ports import Deadline

_log = structlog.get_logger(__name__)

_current_deadline: ContextVar[Deadline] = ContextVar("_current_deadline")
"""The deadline of the call in whose task a response arrives; the client's hook has no other way to it."""


class OpenAIReasoner:
    """Asks a language model for a plan, one call a plan.

    Args:
        api_key: what the endpoint wants as bearer token; any text for one that wants none.
        base_url: the endpoint, up to and with its version. None: OpenAI's own.
        model: the model's name there.
        candidate_limit: how many known memories are offered.
        max_connections: connections held at once; further calls wait for a free one.
        connect_timeout: seconds in which the endpoint must take a connection.
        max_retries: attempts after the first on 408, 409, 429, 5xx and connection errors.
    """

    def __init__(
        self,
        *,
        api_key: str,
        model: str,
        base_url: str | None = None,
        candidate_limit: int = 20,
        max_connections: int = 100,
        connect_timeout: float = 5.0,
        max_retries: int = 2,
    ) -> None:
        self._model = model
        self._candidate_limit = candidate_limit
        self._connect_timeout = connect_timeout
        self._client = openai.AsyncOpenAI(
            api_key=api_key,
            base_url=base_url,
            max_retries=max_retries,
            http_client=openai.DefaultAsyncHttpxClient(
                limits=httpx2.Limits(
                    max_connections=max_connections, max_keepalive_connections=max_connections
                ),
                event_hooks={"response": [_give_up_if_too_late]},
            ),
        )
        self._form = AnswerForm.JSON_SCHEMA

    @property
    def name(self) -> str:
        """How logs and the start banner call it."""
        return f"openai ({self._model})"

    @property
    def candidate_limit(self) -> int:
        """How many known memories are worth offering."""
        return self._candidate_limit

    async def plan(self, inference: Inference, deadline: Deadline, repair: str | None = None) -> Plan:
        """Proposes what to change, as `service.memory.ports.Reasoner` describes it.

        Ids and quotes are the model's own: whoever carries out the plan checks them. Names of categories that
        the policy does not have are left out.

        Raises:
            InferenceFailed: MODEL_REFUSED (not repairable), MODEL_OUTPUT_TRUNCATED or MODEL_OUTPUT_INVALID.
            Unavailable: MODEL_UNAVAILABLE, MODEL_RATE_LIMITED, MODEL_AUTHENTICATION, MODEL_NOT_FOUND,
                MODEL_CONTEXT_EXCEEDED or MODEL_REQUEST_REFUSED.
            DeadlineExceeded: MODEL_TIMEOUT.
        """
        token = _current_deadline.set(deadline)
        try:
            async with asyncio.timeout(deadline.remaining()):
                body = await self._ask(inference, deadline, repair)
        except TimeoutError as error:
            raise out_of_time() from error
        except openai.APIError as error:
            raise domain_error(error, deadline) from private_cause(error)
        finally:
            _current_deadline.reset(token)
        answer = read_completion(body)
        plan = read_plan(answer.text, inference.policy.categories)
        return replace(plan, tokens_in=answer.tokens_in, tokens_out=answer.tokens_out)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.close()

    async def _ask(self, inference: Inference, deadline: Deadline, repair: str | None) -> bytes:
        """The completion in the strictest form that the endpoint takes, which is remembered."""
        form = self._form
        while True:
            try:
                body = await self._complete(form, inference, deadline, repair)
            except openai.APIStatusError as error:
                weaker = form.weaker
                if weaker is None or not refuses_form(error):
                    raise
                _log.info("answer_form_refused", model=self._model, form=form.value, next=weaker.value)
                form = weaker
            else:
                self._form = form
                return body

    async def _complete(
        self, form: AnswerForm, inference: Inference, deadline: Deadline, repair: str | None
    ) -> bytes:
        remaining = deadline.remaining()
        schema = plan_schema(
            [candidate.ref for candidate in inference.candidates], list(inference.policy.categories)
        )
        response = await self._client.chat.completions.with_raw_response.create(
            model=self._model,
            messages=_prompt(form, inference, schema, repair),
            response_format=_response_format(form, schema),
            timeout=openai.Timeout(remaining, connect=min(remaining, self._connect_timeout)),
        )
        return response.content


def _prompt(
    form: AnswerForm, inference: Inference, schema: dict[str, object], repair: str | None
) -> list[ChatCompletionMessageParam]:
    enforced = form is AnswerForm.JSON_SCHEMA
    data = user_text(inference) + (repair_text(repair, schema) if repair else "")
    return [
        {"role": "system", "content": system_text(inference.policy, None if enforced else schema)},
        {"role": "user", "content": data},
    ]


def _response_format(form: AnswerForm, schema: dict[str, object]) -> ResponseFormat | openai.Omit:
    if form is AnswerForm.JSON_SCHEMA:
        return {"type": "json_schema", "json_schema": {"name": "plan", "strict": True, "schema": schema}}
    if form is AnswerForm.JSON_OBJECT:
        return {"type": "json_object"}
    return openai.omit


async def _give_up_if_too_late(response: httpx2.Response) -> None:
    """Keeps the SDK from sleeping through the rest of a deadline, with a scope locked, to no end."""
    if response.is_success:
        return
    wait = response.headers.get("retry-after", "")
    if wait.replace(".", "", 1).isdecimal() and float(wait) >= _current_deadline.get().remaining():
        response.headers["x-should-retry"] = "false"
