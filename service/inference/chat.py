"""Chat completions of any endpoint that speaks OpenAI's, within a deadline, with errors of the domain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TypeAlias

import httpx2
import openai
import structlog
from openai.types.chat import ChatCompletionMessageParam
from openai.types.chat.completion_create_params import ResponseFormat

from service.inference.answers import AnswerForm
from service.inference.completion import Answer, read_completion
from service.inference.endpoint_errors import domain_error, out_of_time, private_cause, refuses_form
from service.memory.ports import Deadline

_log = structlog.get_logger(__name__)

_current_deadline: ContextVar[Deadline] = ContextVar("_current_deadline")
"""The deadline of the call in whose task a response arrives; the client's hook has no other way to it."""

Prompt: TypeAlias = Sequence[ChatCompletionMessageParam]


class Chat:
    """A language model behind an endpoint.

    Args:
        api_key: what the endpoint wants as bearer token; any text for one that wants none.
        base_url: the endpoint, up to and with its version. None: OpenAI's own.
        model: the model's name there.
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
        max_connections: int = 100,
        connect_timeout: float = 5.0,
        max_retries: int = 2,
    ) -> None:
        self.model = model
        self._connect_timeout = connect_timeout
        self._client = openai.AsyncOpenAI(
            api_key=api_key,
            base_url=base_url,
            max_retries=max_retries,
            http_client=openai.DefaultAioHttpClient(
                limits=httpx2.Limits(
                    max_connections=max_connections, max_keepalive_connections=max_connections
                ),
                event_hooks={"response": [_give_up_if_too_late]},
            ),
        )
        self._strictest = AnswerForm.JSON_SCHEMA
        """The strictest form that the endpoint has not refused yet."""

    async def ask(self, prompt: Prompt, deadline: Deadline) -> Answer:
        """What the model writes, in prose.

        Raises: see `ask_json`.
        """
        async with _in_time(deadline):
            return read_completion(await self._complete(prompt, None, deadline))

    async def ask_json(
        self,
        prompt: Callable[[AnswerForm], Prompt],
        schema: dict[str, object],
        deadline: Deadline,
        strictest: AnswerForm = AnswerForm.JSON_SCHEMA,
    ) -> Answer:
        """What the model writes when asked for JSON, in the strictest form that the endpoint takes.

        Args:
            prompt: the messages, given the form in which the answer is asked for.
            schema: what the answer shall follow, where the endpoint can hold it to that.
            deadline: when to give up.
            strictest: the strictest form to try.

        Raises:
            InferenceFailed: MODEL_REFUSED (not repairable), MODEL_OUTPUT_TRUNCATED or MODEL_OUTPUT_INVALID.
            Unavailable: MODEL_UNAVAILABLE, MODEL_RATE_LIMITED, MODEL_AUTHENTICATION, MODEL_NOT_FOUND,
                MODEL_CONTEXT_EXCEEDED or MODEL_REQUEST_REFUSED.
            DeadlineExceeded: MODEL_TIMEOUT.
        """
        forms = list(AnswerForm)
        form = forms[max(forms.index(strictest), forms.index(self._strictest))]
        async with _in_time(deadline):
            while True:
                try:
                    body = await self._complete(prompt(form), _response_format(form, schema), deadline)
                except openai.APIStatusError as error:
                    weaker = form.weaker
                    if weaker is None or not refuses_form(error):
                        raise
                    _log.info("answer_form_refused", model=self.model, form=form.value, next=weaker.value)
                    form = weaker
                    continue
                if forms.index(form) > forms.index(strictest):
                    self._strictest = form
                return read_completion(body)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.close()

    async def _complete(
        self, prompt: Prompt, response_format: ResponseFormat | None, deadline: Deadline
    ) -> bytes:
        remaining = deadline.remaining()
        body: dict[str, object] = {"model": self.model, "messages": prompt}
        if response_format is not None:
            body["response_format"] = response_format
        # Not `chat.completions.create`: it would walk through the body, schema and all, to rename what needs
        # no other name, and that takes a millisecond of every add.
        response = await self._client.post(
            "/chat/completions",
            cast_to=httpx2.Response,
            body=body,
            options={"timeout": openai.Timeout(remaining, connect=min(remaining, self._connect_timeout))},
        )
        return response.content


@asynccontextmanager
async def _in_time(deadline: Deadline) -> AsyncIterator[None]:
    """Ends what is done inside at the deadline, and turns the endpoint's errors into those of the domain."""
    token = _current_deadline.set(deadline)
    try:
        async with asyncio.timeout(deadline.remaining()):
            yield
    except TimeoutError as error:
        raise out_of_time() from error
    except openai.APIError as error:
        raise domain_error(error, deadline) from private_cause(error)
    finally:
        _current_deadline.reset(token)


def _response_format(form: AnswerForm, schema: dict[str, object]) -> ResponseFormat | None:
    if form is AnswerForm.JSON_SCHEMA:
        return {"type": "json_schema", "json_schema": {"name": "plan", "strict": True, "schema": schema}}
    if form is AnswerForm.JSON_OBJECT:
        return {"type": "json_object"}
    return None


async def _give_up_if_too_late(response: httpx2.Response) -> None:
    """Keeps the SDK from sleeping through the rest of a deadline, with a scope locked, to no end."""
    if response.is_success:
        return
    wait = response.headers.get("retry-after", "")
    if wait.replace(".", "", 1).isdecimal() and float(wait) >= _current_deadline.get().remaining():
        response.headers["x-should-retry"] = "false"
