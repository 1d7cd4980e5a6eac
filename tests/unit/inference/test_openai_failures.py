from __future__ import annotations

import logging
import socket
import time
import traceback

import pytest

from service.inference.chat import Chat
from service.inference.openai import OpenAIReasoner
from service.memory.errors import DeadlineExceeded, InferenceFailed, MemorydError, Unavailable
from service.memory.ports import Deadline
from tests.scripted_openai import (
    Reply,
    ScriptedOpenAI,
    add,
    disconnect,
    hang,
    plan,
    refusal,
    slow,
    status,
    text,
    truncated,
)
from tests.unit.inference.conftest import API_KEY
from tests.unit.inference.inferences import inference

SOON = 20.0
SECRET = "my locker code is 4711-tangerine"


async def failure(reasoner: OpenAIReasoner, seconds: float = SOON) -> MemorydError:
    """The error that planning for one message ends in."""
    with pytest.raises(MemorydError) as caught:
        await reasoner.plan(inference(SECRET), Deadline.after(seconds))
    return caught.value


async def test_slow_answer(server: ScriptedOpenAI, reasoner: OpenAIReasoner) -> None:
    """An answer that takes its time is waited for."""
    server.script(slow(0.3, plan([add("Has a dog")])))
    result = await reasoner.plan(inference("I have a dog"), Deadline.after(SOON))
    assert len(result.operations) == 1


async def test_rate_limit_passes(server: ScriptedOpenAI, reasoner: OpenAIReasoner) -> None:
    """After a 429 the call is repeated when Retry-After says so."""
    longer_than_the_backoff = 0.6
    server.script(status(429, retry_after=longer_than_the_backoff), plan())
    started = time.monotonic()
    await reasoner.plan(inference("Hi"), Deadline.after(SOON))
    assert time.monotonic() - started >= longer_than_the_backoff


async def test_rate_limit_stays(server: ScriptedOpenAI, reasoner: OpenAIReasoner) -> None:
    """After two repetitions a 429 is an error with its reason."""
    server.script(*[status(429, retry_after=0.01)] * 3)
    error = await failure(reasoner)
    assert isinstance(error, Unavailable)
    assert error.reason == "MODEL_RATE_LIMITED"


async def test_rate_limit_beyond_the_deadline(server: ScriptedOpenAI, reasoner: OpenAIReasoner) -> None:
    """A Retry-After that the caller cannot wait for fails at once: nobody sleeps with the scope locked."""
    server.script(status(429, retry_after=30))
    started = time.monotonic()
    error = await failure(reasoner, seconds=5)
    assert error.reason == "MODEL_RATE_LIMITED"
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("bad", [status(500), status(503), disconnect()], ids=["500", "503", "disconnect"])
async def test_failing_endpoint_recovers(
    server: ScriptedOpenAI, reasoner: OpenAIReasoner, bad: Reply
) -> None:
    """A server error and a lost connection are tried again."""
    server.script(bad, plan())
    await reasoner.plan(inference("Hi"), Deadline.after(SOON))


async def test_failing_endpoint(server: ScriptedOpenAI, reasoner: OpenAIReasoner) -> None:
    """After two repetitions a server error is an error with its reason."""
    server.script(*[status(500, retry_after=0.01)] * 3)
    error = await failure(reasoner)
    assert isinstance(error, Unavailable)
    assert error.reason == "MODEL_UNAVAILABLE"


@pytest.mark.parametrize("code", [401, 403])
async def test_wrong_key(server: ScriptedOpenAI, reasoner: OpenAIReasoner, code: int) -> None:
    """A key that the endpoint does not accept is told apart, and not tried twice."""
    server.script(status(code))
    assert (await failure(reasoner)).reason == "MODEL_AUTHENTICATION"


async def test_nobody_listens() -> None:
    """An address where nothing listens is an outage."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        chat = Chat(api_key=API_KEY, base_url=base_url, model="gpt-test", max_retries=0)
        error = await failure(OpenAIReasoner(chat))
        await chat.aclose()
    assert isinstance(error, Unavailable)
    assert error.reason == "MODEL_UNAVAILABLE"


@pytest.mark.parametrize(
    "reply", [hang(), slow(5, plan()), status(500)], ids=["hangs", "too slow", "fails until it is too late"]
)
async def test_deadline(server: ScriptedOpenAI, reasoner: OpenAIReasoner, reply: Reply) -> None:
    """The deadline ends a call that has no answer, repetitions included."""
    server.script(reply)
    started = time.monotonic()
    error = await failure(reasoner, seconds=0.3)
    assert isinstance(error, DeadlineExceeded)
    assert error.reason == "MODEL_TIMEOUT"
    assert time.monotonic() - started < 3


async def test_deadline_passed_before(reasoner: OpenAIReasoner) -> None:
    """With no time left nothing is asked."""
    assert isinstance(await failure(reasoner, seconds=0), DeadlineExceeded)


@pytest.mark.parametrize(
    "reply",
    [
        refusal(f"I will not read {SECRET}"),
        text("", finish_reason="content_filter"),
        status(400, body={"error": {"message": f"filtered: {SECRET}", "code": "content_filter"}}),
    ],
    ids=["refusal", "content filter", "filter before the model"],
)
async def test_refusal(server: ScriptedOpenAI, reasoner: OpenAIReasoner, reply: Reply) -> None:
    """A model that declines has failed, and asking again would not help."""
    server.script(reply)
    error = await failure(reasoner)
    assert isinstance(error, InferenceFailed)
    assert (error.reason, error.repairable) == ("MODEL_REFUSED", False)


async def test_truncated(server: ScriptedOpenAI, reasoner: OpenAIReasoner) -> None:
    """An answer that was cut off is never taken for a shorter one."""
    server.script(truncated('{"operations": []}'))
    error = await failure(reasoner)
    assert isinstance(error, InferenceFailed)
    assert (error.reason, error.repairable) == ("MODEL_OUTPUT_TRUNCATED", True)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (text(None), "it is empty"),
        (text(""), "it is empty"),
        (text(f"I noted that {SECRET}."), "no complete JSON object"),
        (text('{"operations": [{"text": "' + SECRET), "no complete JSON object"),
        (text("{" * 5_000), "no complete JSON object"),
        (text('{"a":' * 5_000), "no complete JSON object"),
        (text('{"operations": [], "operations": []}'), "the same key twice"),
        (text('{"operations": NaN}'), "NaN"),
        (text('{"results": []}'), "operations: Field required"),
        (text('{"operations": {}}'), "operations: Input should be a valid list"),
        (plan([add(SECRET) | {"event": SECRET}]), "operations[0].event: Input should be 'ADD', 'UPDATE'"),
        (plan([add(SECRET) | {"message_index": "0"}]), "operations[0].message_index: Input should be"),
        (plan([add(SECRET) | {SECRET: SECRET}]), "operations[0].(another key): Extra inputs"),
        (plan([add("Has a dog"), add("  ")]), "operations[1].text is empty"),
        (
            status(
                400,
                body={"error": {"code": "json_validate_failed", "failed_generation": SECRET, "message": ""}},
            ),
            "it does not follow the schema",
        ),
    ],
)
async def test_invalid_answer(
    server: ScriptedOpenAI, reasoner: OpenAIReasoner, reply: Reply, said: str
) -> None:
    """An answer that is no plan is a failure that says how, and worth a repair."""
    server.script(reply)
    error = await failure(reasoner)
    assert isinstance(error, InferenceFailed)
    assert (error.reason, error.repairable) == ("MODEL_OUTPUT_INVALID", True)
    assert said in error.text


@pytest.mark.parametrize(
    "body",
    [b"<html>Welcome to the proxy</html>", {"error": {"message": SECRET, "code": 502}}, [], {"choices": []}],
)
async def test_not_a_completion(server: ScriptedOpenAI, reasoner: OpenAIReasoner, body: object) -> None:
    """A success that is no chat completion is an outage, never an empty plan."""
    server.script(Reply(body=body))
    error = await failure(reasoner)
    assert not isinstance(error, InferenceFailed)
    assert error.reason == "MODEL_UNAVAILABLE"


@pytest.mark.parametrize(
    "reply",
    [
        status(400, body={"error": {"message": f"{SECRET} {API_KEY}", "param": SECRET, "code": SECRET}}),
        status(401, body={"error": {"message": f"Incorrect API key provided: {API_KEY}"}}),
        status(422, body={"detail": [{"loc": ["messages"], "input": SECRET}]}),
        refusal(SECRET),
        text(SECRET),
        truncated(SECRET),
        plan([add(SECRET) | {SECRET: SECRET, "quote": None}]),
        Reply(body={"choices": SECRET}),
        Reply(body=SECRET.encode()),
    ],
)
async def test_nothing_private_in_errors_and_logs(
    server: ScriptedOpenAI,
    reasoner: OpenAIReasoner,
    reply: Reply,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither what was said nor the key is in an error, in its cause, or in a log."""
    caplog.set_level(logging.INFO)
    server.script(reply)
    error = await failure(reasoner)
    printed = capsys.readouterr()
    shown = "".join(traceback.format_exception(error)) + caplog.text + printed.out + printed.err
    assert "tangerine" not in shown
    assert API_KEY not in shown
