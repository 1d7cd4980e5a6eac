"""Webhooks are told of changes, on real sockets."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.functional.administration import WEBHOOKS, Caller, id_of
from tests.functional.ledgers import LedgerFile, wait_until
from tests.receiver import Received, Receiver, Reply
from tests.running import Memoryd
from tests.unit.test_readme import README, between

QUICK = {
    "MEMORYD_REASONER": "rules",
    "MEMORYD_WEBHOOK_ALLOW_PRIVATE": "true",
    "MEMORYD_WEBHOOK_RETRY_SECONDS": "0.05",
    "MEMORYD_WEBHOOK_ATTEMPTS": "3",
}


@pytest.fixture(scope="module")
def memoryd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memoryd]:
    """A memoryd that may tell this machine."""
    with Memoryd(tmp_path_factory.mktemp("deliveries"), QUICK) as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Who is told."""
    with Receiver() as listening:
        yield listening


class Hooked:
    """A fresh project with a webhook."""

    def __init__(self, memoryd: Memoryd, receiver: Receiver, **more: Any) -> None:
        self.owner, self.receiver = Caller(memoryd, memoryd.key), receiver
        self.project = id_of(self.owner.project())
        body = {"url": receiver.url, **more}
        self.webhook = self.owner.ok("POST", f"{WEBHOOKS}projects/{self.project}/", body)
        self.path = f"{WEBHOOKS}{self.webhook['webhook_id']}/"

    def add(self, *texts: str) -> list[str]:
        """Stores texts and gives their ids."""
        messages = [{"role": "user", "content": text} for text in texts]
        body = {"messages": messages, "user_id": "alex", "infer": False, "project_id": self.project}
        return [event["id"] for event in self.owner.ok("POST", "/v1/memories/", body)]

    def change(self, memory_id: str, text: str | None) -> None:
        """Updates a memory, or deletes it."""
        path = f"/v1/memories/{memory_id}/"
        if text is None:
            self.owner.ok("DELETE", path, project_id=self.project)
        else:
            self.owner.ok("PUT", path, {"text": text}, project_id=self.project)

    def log(self, **query: str) -> list[dict[str, Any]]:
        """The deliveries, oldest first."""
        results: list[dict[str, Any]] = self.owner.ok("GET", f"{self.path}deliveries/", **query)["results"]
        return results[::-1]

    def wait(self, state: str, number: int = 1) -> list[dict[str, Any]]:
        """The deliveries, once so many are in a state."""
        wait_until(lambda: len(self.log(state=state)) >= number)
        return self.log()


def _check_as_the_readme_shows(received: Received, secret: str) -> None:
    """Its lines pass, and do not pass with another secret."""
    example = between("webhook", README.read_text()).removeprefix("```python").removesuffix("```")
    known = {"hmac": hmac, "hashlib": hashlib, "headers": received.headers, "body": received.body}
    exec(example, known | {"secret": secret})
    with pytest.raises(AssertionError):
        exec(example, known | {"secret": f"{secret}x"})


def test_told_and_signed(memoryd: Memoryd, receiver: Receiver) -> None:
    """A webhook is told of each change in order: the contract's body, a signature, an id for each change."""
    hooked = Hooked(memoryd, receiver)
    [memory] = hooked.add("Likes tea")
    hooked.change(memory, "Likes coffee")
    hooked.change(memory, None)
    log = hooked.wait("DELIVERED", 3)
    assert [each.details for each in receiver.received] == [
        {"id": memory, "data": {"memory": "Likes tea"}, "event": "ADD"},
        {"id": memory, "data": {"memory": "Likes coffee"}, "event": "UPDATE"},
        {"id": memory, "data": {"memory": "Likes coffee"}, "event": "DELETE"},
    ]
    for each in receiver.received:
        assert each.is_signed_with(hooked.webhook["secret"])
        _check_as_the_readme_shows(each, hooked.webhook["secret"])
        assert not each.is_signed_with("whsec_another")
        assert (each.path, each.headers["Host"]) == ("/hook?a=b", f"127.0.0.1:{receiver.port}")
        assert abs(int(each.headers["X-Memoryd-Timestamp"]) - time.time()) < 30
    assert [each["event_id"] for each in log] == [
        each.headers["X-Memoryd-Event-Id"] for each in receiver.received
    ]
    assert [each["event_type"] for each in log] == ["memory_add", "memory_update", "memory_delete"]
    assert {(each["state"], each["attempts"], each["last_status"]) for each in log} == {("DELIVERED", 1, 200)}
    history = hooked.owner.ok("GET", f"/v1/memories/{memory}/history/", project_id=hooked.project)
    assert {each["id"] for each in history} == {each["event_id"] for each in log}


def test_tried_again(memoryd: Memoryd, receiver: Receiver) -> None:
    """What fails is tried again, later each time, with the same id and a signature of its own time."""
    hooked = Hooked(memoryd, receiver)
    receiver.will(Reply(500), Reply(hang_up=True))
    [memory] = hooked.add("Likes tea")
    [log] = hooked.wait("DELIVERED")
    first, second, third = receiver.of(memory)
    assert len({each.headers["X-Memoryd-Event-Id"] for each in (first, second, third)}) == 1
    assert third.at - second.at > 0.15
    assert (log["attempts"], log["last_status"], log["last_error"]) == (3, 200, None)


def test_given_up(memoryd: Memoryd, receiver: Receiver) -> None:
    """After the last attempt a delivery is dead; what comes after it is told."""
    hooked = Hooked(memoryd, receiver)
    receiver.will(*[Reply(503)] * 3)
    [memory] = hooked.add("Likes tea")
    hooked.change(memory, "Likes coffee")
    hooked.wait("DELIVERED")
    dead, told = hooked.log()
    assert (dead["state"], dead["attempts"], dead["last_status"], dead["last_error"]) == (
        "DEAD",
        3,
        503,
        "STATUS",
    )
    assert dead["completed_at"]
    assert dead["next_attempt_at"] is None
    assert (told["state"], told["event_type"]) == ("DELIVERED", "memory_update")
    assert [each.details["event"] for each in receiver.received] == ["ADD"] * 3 + ["UPDATE"]


def test_order_of_one_memory(memoryd: Memoryd, receiver: Receiver) -> None:
    """While a change is tried again, later ones of its memory wait, and those of others do not."""
    hooked = Hooked(memoryd, receiver)
    receiver.will(Reply(500), Reply(500))
    [slow] = hooked.add("Likes tea")
    wait_until(lambda: receiver.of(slow))
    hooked.change(slow, "Likes coffee")
    [other] = hooked.add("Likes milk")
    hooked.wait("DELIVERED", 3)
    assert [each.details["event"] for each in receiver.of(slow)][-1] == "UPDATE"
    events = [each.details["event"] for each in receiver.of(slow)]
    assert events == ["ADD"] * (len(events) - 1) + ["UPDATE"]
    assert receiver.of(other)


def test_redirects_are_not_followed(memoryd: Memoryd, receiver: Receiver) -> None:
    """A redirect is a failure, and nobody goes where it leads."""
    hooked = Hooked(memoryd, receiver)
    with Receiver() as elsewhere:
        receiver.will(*[Reply(307, elsewhere.url)] * 3)
        hooked.add("Likes tea")
        [dead] = hooked.wait("DEAD")
        assert (dead["last_status"], elsewhere.received) == (307, [])


def test_only_what_is_wanted(memoryd: Memoryd, receiver: Receiver) -> None:
    """A webhook is told of its event types, from its making on, and of nothing while it is switched off."""
    hooked = Hooked(memoryd, receiver, event_types=["memory_update"])
    [memory] = hooked.add("Likes tea")
    hooked.change(memory, "Likes coffee")
    hooked.wait("DELIVERED")
    hooked.owner.ok("PUT", hooked.path, {"is_active": False})
    hooked.change(memory, "Likes milk")
    ledger = LedgerFile(memoryd.data_dir)
    behind = (
        "SELECT 1 FROM webhooks JOIN changes ON changes.project_id = webhooks.project_id "
        "AND changes.sequence > webhooks.position"
    )
    wait_until(lambda: not ledger.rows(behind))
    hooked.owner.ok("PUT", hooked.path, {"is_active": True})
    hooked.change(memory, "Likes juice")
    hooked.wait("DELIVERED", 2)
    late = Hooked(memoryd, receiver)
    assert late.log() == []
    told = [each.details["data"]["memory"] for each in receiver.received]
    assert told == ["Likes coffee", "Likes juice"]


def test_a_new_secret(memoryd: Memoryd, receiver: Receiver) -> None:
    """What is sent after a secret was replaced is signed with the new one."""
    hooked = Hooked(memoryd, receiver)
    secret = hooked.owner.ok("PUT", hooked.path, {"rotate_secret": True})["secret"]
    hooked.add("Likes tea")
    hooked.wait("DELIVERED")
    assert receiver.received[0].is_signed_with(secret)
    assert not receiver.received[0].is_signed_with(hooked.webhook["secret"])
    assert "secret" not in hooked.owner.ok("PUT", hooked.path, {"name": "x"})


def test_an_erased_change_is_not_told(memoryd: Memoryd, receiver: Receiver) -> None:
    """The text of a change stands in the log alone: erased there, it is never sent."""
    hooked = Hooked(memoryd, receiver)
    receiver.will(Reply(500, seconds=0.5))
    [memory] = hooked.add("Likes tea")
    wait_until(lambda: receiver.received)
    LedgerFile(memoryd.data_dir).run("DELETE FROM changes WHERE memory_id = ?", memory)
    [dead] = hooked.wait("DEAD")
    assert dead["last_error"] == "CHANGE_GONE"
    assert len(receiver.received) == 1


def test_not_to_this_machine(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> None:
    """Without the setting nothing is sent to private addresses, whatever names they hide behind."""
    settings = QUICK | {"MEMORYD_WEBHOOK_ALLOW_PRIVATE": "false", "MEMORYD_WEBHOOK_ATTEMPTS": "1"}
    with Memoryd(tmp_path_factory.mktemp("walls"), settings) as memoryd:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"):
            hooked = Hooked(memoryd, receiver, url=f"http://{host}:{receiver.port}/")
            hooked.add("Likes tea")
            [dead] = hooked.wait("DEAD")
            assert (dead["last_error"], dead["last_status"]) == ("ADDRESS_NOT_ALLOWED", None)
    assert receiver.received == []


def test_the_log_is_the_projects(memoryd: Memoryd, receiver: Receiver) -> None:
    """Readers of the project see the log; for others there is no such webhook."""
    hooked = Hooked(memoryd, receiver)
    stranger = hooked.owner.with_key(hooked.owner.project(hooked.owner.organization()))
    assert stranger.refused("GET", f"{hooked.path}deliveries/") == (404, "NOT_FOUND", "Webhook not found")
    assert hooked.owner.refused("GET", f"{hooked.path}deliveries/", page=2)[:2] == (404, "INVALID_PAGE")
    hooked.owner.ok("DELETE", hooked.path)
    assert hooked.owner.refused("GET", f"{hooked.path}deliveries/")[0] == 404
