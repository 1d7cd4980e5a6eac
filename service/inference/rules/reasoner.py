"""The reasoner: messages and candidates in, a plan out."""

from __future__ import annotations

import asyncio
import functools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from service.inference.rules.answers import as_statement, first_sentence
from service.inference.rules.facts import Fact, Who
from service.inference.rules.parse import Parser
from service.inference.rules.policy import PolicyReader
from service.inference.rules.reading import Reading, read_sentence
from service.inference.rules.requests import called_off, calls_off, forgets, forgotten, put_right, swaps
from service.inference.rules.revise import Revision, Source
from service.inference.rules.sentences import hands_over
from service.memory.categories import DEFAULT_CATEGORIES
from service.memory.errors import DeadlineExceeded
from service.memory.model import Inference, Message, Operation, Plan, Policy, Role
from service.memory.ports import Deadline, Embedder

KNOWN_READINGS = 8192
"""Known facts whose reading is kept in memory; a few hundred bytes each."""

LONGEST_FACT = 500
"""Characters above which a memory is not read as a fact."""


WARMING_SECONDS = 120.0


class RulesReasoner:
    """Reads clauses into facts without a language model.

    Args:
        embedder: tells which categories a fact belongs to, and what `includes` and `excludes` name.
    """

    name = "rules"
    candidate_limit = 64

    def __init__(self, embedder: Embedder) -> None:
        self._policy = PolicyReader(embedder)
        self._parser = Parser()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rules")
        self._known = functools.lru_cache(maxsize=KNOWN_READINGS)(self._read_known)

    async def plan(self, inference: Inference, deadline: Deadline, repair: str | None = None) -> Plan:
        """Proposes what to change; `repair` changes nothing, for the same messages read the same.

        Raises:
            DeadlineExceeded: the deadline passed before everything was read.
            Unavailable: the embedder does not answer.
        """
        del repair
        loop = asyncio.get_running_loop()
        operations = await loop.run_in_executor(self._thread, self._read, inference, deadline)
        return Plan(tuple(await self._policy.apply(inference.policy, operations)))

    async def warm(self) -> None:
        """Does once what the first request would otherwise wait for: it reads a sentence under the defaults.

        Raises:
            Unavailable: the embedder does not answer.
        """
        sentence = Message(Role.USER, "I live in Berlin.")
        policy = Policy(categories=DEFAULT_CATEGORIES)
        inference = Inference((sentence,), (), policy, Role.USER, datetime.now(UTC))
        await self.plan(inference, Deadline.after(WARMING_SECONDS))

    def close(self) -> None:
        """Ends the thread."""
        self._thread.shutdown(cancel_futures=True)

    def _read(self, inference: Inference, deadline: Deadline) -> list[Operation]:
        with self._parser.memory():
            return self._operations(inference, deadline)

    def _operations(self, inference: Inference, deadline: Deadline) -> list[Operation]:
        revision = Revision()
        for candidate in inference.candidates:
            _check(deadline)
            revision.knows(candidate.ref, candidate.memory.text, self._facts_of(candidate.memory.text))
        before = inference.context[-1] if inference.context else None
        third: Who | None = None
        for index, message in enumerate(inference.messages):
            if message.role is inference.about:
                opens = third is None and (before is None or before.role is inference.about)
                asked = before.content if before is not None else ""
                third = self._take_in(index, message.content, asked, third, revision, deadline, opens=opens)
            before = message
        return revision.operations()

    def _take_in(
        self,
        index: int,
        content: str,
        asked: str,
        third: Who | None,
        revision: Revision,
        deadline: Deadline,
        *,
        opens: bool,
    ) -> Who | None:
        """Reads one message and gives whom "he" or "she" means after it.

        `asked` is what was said before it, for a bare answer; `third` is whom "she" meant before it; `opens`:
        nobody else spoke before it, so that "Works at Acme" goes on about nothing.
        """
        answer = first_sentence(content) if asked.rstrip().endswith("?") else content
        for start, text in ((0, answer), (len(answer), content[len(answer) :])):
            understood = bool(start)
            for parsed in self._parser.said(text, opens=opens and not start):
                _check(deadline)
                reading = read_sentence(parsed, third, revision.people())
                third = reading.third
                source = Source(index, text[parsed.sentence.start : parsed.sentence.end])
                understood = carry_out(reading, revision, source) or understood
                if hands_over(parsed.sentence):
                    return third
            statement = None if understood else as_statement(asked, text)
            for parsed in self._parser.said(statement or ""):
                carry_out(read_sentence(parsed, None), revision, Source(index, text))
        return third

    def _facts_of(self, text: str) -> tuple[Fact, ...]:
        """What a memory says. A long one, stored as it was sent, is no fact and is left alone."""
        return self._known(text) if len(text) <= LONGEST_FACT else ()

    def _read_known(self, text: str) -> tuple[Fact, ...]:
        readings = [read_sentence(parsed, None) for parsed in self._parser.known(text)]
        return tuple(fact for reading in readings for fact in reading.facts)


def carry_out(reading: Reading, revision: Revision, source: Source) -> bool:
    """Does what a sentence asks and takes in what it states. Says whether there was any of it."""
    asked = forgets(reading)
    for clause in asked:
        revision.retract(list(forgotten(clause, revision)), source)
    for noun in filter(None, map(calls_off, reading.clauses)):
        revision.retract(list(called_off(noun, revision)), source)
    corrected = swaps(reading, revision, source)
    for fact in () if corrected else reading.facts:
        revision.state(fact, source)
    corrected = put_right(reading, revision, source) or corrected
    return bool(asked or reading.facts or corrected)


def _check(deadline: Deadline) -> None:
    if not deadline.remaining():
        raise DeadlineExceeded("The deadline passed while the messages were read.")
