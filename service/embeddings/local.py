"""The embedder that needs no network: a sentence model in this process, off the event loop."""

from __future__ import annotations

import asyncio
import math
import os
import sys
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from service.embeddings.model_files import read_model_files
from service.embeddings.sentence_model import SentenceModel
from service.memory.model import Vector, Vectors

RUN_CHARACTERS = 128
"""How much is embedded in one run, but for a longer text, which has one to itself: three facts, or a message.

Beyond some thirty tokens a processor gains nothing from company, and callers who come at once would all wait
for the last of them, instead of going on one after the other.
"""


NICENESS = 5
"""Of the threads that embed: the event loop, which has a little to do for everybody, goes first."""


def _give_way_to_others() -> None:
    if sys.platform == "linux":  # elsewhere a thread has no priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


@dataclass(frozen=True, slots=True)
class _Waiting:
    text: str
    vector: asyncio.Future[Vector]


class LocalEmbedder:
    """Embeds with a model in this process.

    Callers share runs: whenever a thread is free it takes what is waiting, so a lone caller never waits
    for company and a crowd is served in batches. A text's vector does not depend on its company. To be
    used from one event loop.

    Args:
        directory: holds `model.onnx` and `tokenizer.json` to use in place of the pinned model.
        workers: how many runs go on at once; by default one a processor, at most four.
        threads: how many threads each run may use. More workers beat more threads.

    Raises:
        Unavailable: the model's files are missing or are not the pinned ones.
    """

    def __init__(self, directory: Path | None = None, workers: int | None = None, threads: int = 1) -> None:
        files = read_model_files(directory)
        self._name = files.name
        self._sentences = SentenceModel(files, threads)
        self._free = workers or min(4, os.cpu_count() or 1)
        self._executor = ThreadPoolExecutor(
            self._free, thread_name_prefix="embedder", initializer=_give_way_to_others
        )
        self._waiting: deque[_Waiting] = deque()

    @property
    def model(self) -> str:
        """The model's name."""
        return self._name

    @property
    def dimensions(self) -> int:
        """The length of every vector."""
        return self._sentences.dimensions

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Embeds texts; what is beyond 256 tokens of a text does not count. See the port.

        Raises:
            UnicodeEncodeError: a text holds half a surrogate pair.
        """
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        for text in texts:
            text.encode()  # what the tokenizer would refuse must not reach a batch shared with others
        loop = asyncio.get_running_loop()
        jobs = {text: _Waiting(text, loop.create_future()) for text in texts}
        self._waiting.extend(sorted(jobs.values(), key=lambda job: len(job.text)))
        self._start_runs()
        await asyncio.gather(*(job.vector for job in jobs.values()))
        return np.stack([jobs[text].vector.result() for text in texts])

    async def ping(self) -> None:
        """Embeds a word; raises when that does not work."""
        await self.embed(["ready?"])

    async def close(self) -> None:
        """Ends the threads once their runs have ended."""
        await asyncio.to_thread(self._executor.shutdown)

    def _start_runs(self) -> None:
        while self._free and (batch := self._take_batch()):
            self._free -= 1
            run = asyncio.get_running_loop().run_in_executor(
                self._executor, self._sentences.embed, [job.text for job in batch]
            )
            run.add_done_callback(partial(self._finish_run, batch))

    def _take_batch(self) -> list[_Waiting]:
        """What one worker takes: its share of what is waiting, leaving out callers who gave up."""
        share = math.ceil(len(self._waiting) / self._free)
        batch: list[_Waiting] = []
        left = RUN_CHARACTERS
        while self._waiting and len(batch) < share:
            job = self._waiting[0]
            if batch and len(job.text) > left:
                break
            self._waiting.popleft()
            if not job.vector.done():
                batch.append(job)
                left -= len(job.text)
        return batch

    def _finish_run(self, batch: Sequence[_Waiting], run: asyncio.Future[Vectors]) -> None:
        self._free += 1
        error = run.exception()
        for position, job in enumerate(batch):
            if job.vector.done():
                continue
            if error is None:
                job.vector.set_result(run.result()[position])
            else:
                job.vector.set_exception(error)
        self._start_runs()
