"""Following changes over both faces."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import httpx
import pytest
from memoryd.v1 import event_service_pb2 as pb
from memoryd.v1.event_service_pb2_grpc import EventServiceStub
from memoryd.v1.memory_pb2 import EVENT_ADD, EVENT_DELETE, EVENT_UPDATE

from tests.functional.administration import Caller
from tests.functional.api import Api
from tests.functional.ledgers import LedgerFile, wait_until
from tests.running import Memoryd

PATH = "/v1/events/stream/"


class Followed:
    """A stream that is read in a thread."""

    def __init__(self, call: Any) -> None:
        self.call = call
        self.responses: list[pb.WatchEventsResponse] = []
        self.ended: grpc.RpcError | str | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def changes(self) -> list[pb.MemoryChange]:
        """All changes so far."""
        return [change for response in self.responses for change in response.changes]

    def wait(self, number: int) -> list[pb.MemoryChange]:
        """The changes, once there are so many."""
        wait_until(lambda: len(self.changes) >= number)
        return self.changes

    def wait_for_end(self) -> None:
        """Returns once the service has ended it well."""
        wait_until(lambda: self.ended)
        assert self.ended == "OK"

    def _read(self) -> None:
        try:
            for response in self.call:
                self.responses.append(response)
            self.ended = "OK"
        except grpc.RpcError as error:
            self.ended = error


@pytest.fixture
def follow(memoryd: Memoryd, channel: grpc.Channel) -> Iterator[Callable[..., Followed]]:
    """Begins to follow, and returns when it hears everything."""
    begun: list[Followed] = []

    def follow(**fields: Any) -> Followed:
        stub: Any = EventServiceStub(channel)  # type: ignore[arg-type]  # the stubs are typed for grpc.aio
        call = stub.WatchEvents(pb.WatchEventsRequest(**fields), metadata=memoryd.metadata)
        begun.append(Followed(call))
        wait_until(lambda: begun[-1].responses)
        return begun[-1]

    yield follow
    for each in begun:
        each.call.cancel()


def events(text: str) -> list[dict[str, Any]]:
    """The data of Server-Sent Events."""
    return [
        json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")
    ]


def last_id(text: str) -> str:
    """What a client would send as Last-Event-ID."""
    return [line.removeprefix("id: ") for line in text.splitlines() if line.startswith("id: ")][-1]


def test_all_changes_in_order(api: Api, user: str, follow: Callable[..., Followed]) -> None:
    """Whatever changes a memory is told: what it was, what it is, whose it is, because of which request."""
    followed = follow(user_id=user)
    [memory] = api.store(user, "Likes tea", metadata={"cups": 2}, agent_id="waiter")
    api.ok("PUT", f"/v1/memories/{memory}/", {"text": "Likes coffee"})
    api.ok("DELETE", f"/v1/memories/{memory}/")
    added, updated, deleted = followed.wait(3)
    assert [each.event for each in (added, updated, deleted)] == [EVENT_ADD, EVENT_UPDATE, EVENT_DELETE]
    assert {each.memory_id for each in (added, updated, deleted)} == {memory}
    assert (added.data.memory, added.HasField("previous_memory")) == ("Likes tea", False)
    assert (updated.data.memory, updated.previous_memory) == ("Likes coffee", "Likes tea")
    assert deleted.data.memory == "Likes coffee"
    assert (json.loads(added.metadata), added.user_id, added.agent_id) == ({"cups": 2}, user, "waiter")
    assert (deleted.user_id, deleted.agent_id) == (user, "waiter")
    assert api.ok("GET", f"/v1/event/{added.event_id}/")["results"][0]["id"] == memory


def test_a_change_is_told_at_once(api: Api, user: str, follow: Callable[..., Followed]) -> None:
    """A follower of the same process hears of a commit before half a second of polling is over."""
    followed = follow(user_id=user)
    delays = []
    for number in range(5):
        api.store(user, f"Fact {number}")
        answered = time.monotonic()
        followed.wait(number + 1)
        delays.append(time.monotonic() - answered)
    assert min(delays) < 0.1


def test_scopes(api: Api, user: str, follow: Callable[..., Followed]) -> None:
    """Only memories that carry every id are told of."""
    followed = follow(user_id=user, run_id="r1")
    api.store(user, "No run")
    api.store(user, "Another run", run_id="r2")
    api.store(user, "This run", run_id="r1")
    assert [change.data.memory for change in followed.wait(1)] == ["This run"]


def test_resume(api: Api, user: str, follow: Callable[..., Followed]) -> None:
    """Whoever comes back with a cursor is told exactly what it missed, however it was cut off."""
    followed = follow(user_id=user)
    start = followed.responses[0].cursor
    api.store(user, "One", "Two", "Three")
    told = followed.wait(3)
    followed.call.cancel()
    api.store(user, "Four")
    for cursor, missed in ((start, 4), (told[0].cursor, 3), (told[2].cursor, 1)):
        again = follow(user_id=user, cursor=cursor, until_now=True)
        again.wait_for_end()
        assert len(again.changes) == missed
    assert [change.id for change in follow(user_id=user, cursor=start).wait(4)][:3] == [c.id for c in told]


def test_server_sent_events(api: Api, user: str) -> None:
    """REST tells the same as Server-Sent Events, and Last-Event-ID resumes."""
    start = api.send("GET", PATH, until_now=True, user_id=user)
    assert start.headers["content-type"].startswith("text/event-stream")
    assert (start.headers["cache-control"], events(start.text)) == ("no-cache", [])
    [memory] = api.store(user, "Likes tea", metadata={"id": 1234567890123456789})
    headers = {"Last-Event-ID": last_id(start.text)}
    told = api.client.get(PATH, params={"until_now": "true", "user_id": user}, headers=headers)
    [event] = events(told.text)
    assert (event["event"], event["memory_id"], event["data"]) == ("ADD", memory, {"memory": "Likes tea"})
    assert event["metadata"] == {"id": 1234567890123456789}
    assert event["cursor"] == last_id(told.text)
    assert events(api.send("GET", PATH, until_now=True, user_id=user, cursor=event["cursor"]).text) == []
    assert len(events(api.send("GET", PATH, until_now=True, from_beginning=True, user_id=user).text)) == 1


def test_server_sent_events_while_they_happen(api: Api, user: str) -> None:
    """An open stream over REST tells of a change while it is open."""
    with api.client.stream("GET", PATH, params={"user_id": user}) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry:")
        api.store(user, "Likes tea")
        data = next(line for line in lines if line.startswith("data: "))
    assert json.loads(data.removeprefix("data: "))["data"] == {"memory": "Likes tea"}


def test_refusals(api: Api) -> None:
    """What is wrong with a request is said before anything streams, all at once."""
    answer = api.send("GET", PATH, cursor="seven", user_id="", until_now="perhaps", project_id="x")
    assert answer.status_code == 400
    assert {each["field"] for each in answer.json()["violations"]} == {
        "cursor",
        "user_id",
        "until_now",
        "project_id",
    }


def test_walls(memoryd: Memoryd, api: Api, user: str) -> None:
    """A follower hears of its own project only, and a cursor of another one opens nothing."""
    owner = Caller(memoryd, memoryd.key)
    stranger = owner.with_key(owner.project(owner.organization()))
    api.store(user, "Has a secret")
    for more in ({"from_beginning": "true"}, {"cursor": "c1.AAAAAAAAAAA"}):
        assert events(stranger.call("GET", PATH, until_now="true", **more).text) == []
    assert stranger.refused("GET", PATH, project_id=owner.ping().json()["project_id"])[0] == 403


def test_a_revoked_key_hears_no_more(
    memoryd: Memoryd, channel: grpc.Channel, ledger: LedgerFile, user: str, api: Api
) -> None:
    """Access is asked again before anything is told: a stream does not outlive its key."""
    owner = Caller(memoryd, memoryd.key)
    own = owner.with_key(None)
    stub: Any = EventServiceStub(channel)  # type: ignore[arg-type]
    metadata = (("authorization", f"Token {own.key}"),)
    followed = Followed(stub.WatchEvents(pb.WatchEventsRequest(user_id=user), metadata=metadata))
    wait_until(lambda: followed.responses)
    ledger.run("UPDATE api_keys SET revoked_at = 1 WHERE hint = ?", own.key[-4:])
    api.store(user, "Has a secret")
    wait_until(lambda: followed.ended)
    assert isinstance(followed.ended, grpc.RpcError)
    assert followed.ended.code() == grpc.StatusCode.UNAUTHENTICATED
    assert followed.changes == []


def test_no_deadline_is_imposed(started: Callable[..., Memoryd], user: str) -> None:
    """A stream outlives the time that a request may take, and holds no place of other calls."""
    memoryd = started(MEMORYD_REQUEST_TIMEOUT="1", MEMORYD_MAX_CONCURRENT_REQUESTS="2")
    headers = {"Authorization": f"Token {memoryd.key}"}
    with (
        httpx.stream("GET", memoryd.url + PATH, headers=headers, timeout=10) as one,
        httpx.stream("GET", memoryd.url + PATH, headers=headers, timeout=10) as two,
    ):
        time.sleep(1.5)
        lines = one.iter_lines()
        assert memoryd.post({"messages": "Hi", "user_id": user, "infer": False}).status_code == 200
        assert next(line for line in lines if line.startswith("data: "))
        busy = httpx.get(memoryd.url + PATH, headers=headers, timeout=10)
        assert (busy.status_code, two.status_code) == (429, 200)


def test_drain(started: Callable[..., Memoryd]) -> None:
    """At the end of the service a stream ends with OK, over both faces, and holds nothing up."""
    memoryd = started()
    with grpc.insecure_channel(f"127.0.0.1:{memoryd.grpc_port}") as channel:
        stub: Any = EventServiceStub(channel)  # type: ignore[arg-type]
        followed = Followed(stub.WatchEvents(pb.WatchEventsRequest(), metadata=memoryd.metadata))
        wait_until(lambda: followed.responses)
        headers = {"Authorization": f"Token {memoryd.key}"}
        with httpx.stream("GET", memoryd.url + PATH, headers=headers, timeout=10) as stream:
            lines = stream.iter_lines()
            next(lines)
            began = time.monotonic()
            stopped = threading.Thread(target=memoryd.stop, args=(signal.SIGTERM,))
            stopped.start()
            assert list(lines) is not None
            stopped.join()
        assert time.monotonic() - began < 8
        wait_until(lambda: followed.ended)
        assert followed.ended == "OK"
