"""SIGTERM under load: whoever was let in is answered."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import httpx

from tests.functional.conftest import Model, openai_settings, shown_in
from tests.functional.faces import Grpc, request_of
from tests.functional.ledgers import LedgerFile
from tests.running import Memoryd
from tests.scripted_openai import Body, Reply, add, plan, slow

CLIENTS = 3
"""Of each face."""

LONG_SECONDS = 31.0
"""What a patient caller waits for a model. It is allowed to take MEMORYD_REQUEST_TIMEOUT, a minute."""


def attentive(body: Body) -> Reply:
    """Remembers what it is told."""
    said: str = shown_in(body)["messages"][0]["content"]
    return slow(LONG_SECONDS if said == "an elephant" else 0.3, plan([add(f"Has {said}", quote=said)]))


def test_nobody_who_was_let_in_is_turned_away(model: Model, tmp_path: Path) -> None:
    """Every request that was stored succeeded and was answered so, however long it took; none was refused."""
    model.answers_always(attentive)
    settings = openai_settings(model.server) | {"MEMORYD_DRAIN_SECONDS": "1"}
    memoryd = Memoryd(tmp_path / "data", settings).start()
    answered, refused, over = set[str](), list[str](), threading.Event()

    def by_rest(user: str, said: str = "a dog") -> None:
        answer = memoryd.post({"messages": said, "user_id": user})
        (answered.add(user) if answer.status_code == 200 else refused.append(answer.text))

    def by_grpc(user: str) -> None:
        rpc.call(request_of("a dog", {"user_id": user}))
        answered.add(user)

    def patient_by_grpc(user: str) -> None:
        rpc.call(request_of("an elephant", {"user_id": user}))
        answered.add(user)

    def client(send: Callable[[str], None]) -> None:
        while not over.is_set():
            try:
                send(str(uuid.uuid4()))
            except (httpx.TransportError, grpc.RpcError):
                # Not let in, or so it seems to the caller: the ledger tells.
                time.sleep(0.05)

    with (
        grpc.insecure_channel(f"127.0.0.1:{memoryd.grpc_port}") as channel,
        ThreadPoolExecutor(2 * CLIENTS + 2) as clients,
    ):
        rpc = Grpc(memoryd, channel)
        working = [clients.submit(client, send) for send in (by_rest, by_grpc) for _ in range(CLIENTS)]
        working += [
            clients.submit(by_rest, "patient over REST", "an elephant"),
            clients.submit(patient_by_grpc, "patient over gRPC"),
        ]
        time.sleep(2)
        assert memoryd.stop() == 0
        over.set()
        for each in working:
            each.result()
    ledger = LedgerFile(memoryd.data_dir)
    stored = ledger.rows("SELECT user_id, status FROM requests")
    assert len(stored) > 2 * CLIENTS
    assert {row["status"] for row in stored} == {"SUCCEEDED"}
    assert {row["user_id"] for row in stored} == answered
    assert refused == []
