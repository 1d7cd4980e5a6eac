"""Categories, `includes` and `excludes`, by the similarity of meaning that the embedder tells."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from service.memory.model import Event, Operation, Policy, Vector, Vectors
from service.memory.ports import Embedder
from service.memory.topics import category_terms, concerns, fitting_categories, topic_terms

REMEMBERED_TOPICS = 1024
"""Topics whose vectors are kept: some kilobytes each."""


class PolicyReader:
    """Applies a request's policy to proposed operations, remembering the vectors of topics."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: OrderedDict[tuple[str, ...], Vectors] = OrderedDict()

    async def apply(self, policy: Policy, operations: Sequence[Operation]) -> list[Operation]:
        """The operations that the policy allows, with their categories. Deletions are always allowed.

        Raises:
            Unavailable: the embedder does not answer.
        """
        stating = [operation for operation in operations if operation.event is not Event.DELETE]
        if not stating or not (policy.categories or policy.includes or policy.excludes):
            return list(operations)
        vectors = await self._embedder.embed([operation.text for operation in stating])
        by_text = {operation.text: vector for operation, vector in zip(stating, vectors, strict=True)}
        named = {name: category_terms(name, described) for name, described in policy.categories.items()}
        categories = {name: await self._terms(terms) for name, terms in named.items()}
        allowed = [
            operation
            for operation in operations
            if operation.event is Event.DELETE
            or await self._allows(policy, operation.text, by_text[operation.text])
        ]
        return [_categorized(operation, by_text, categories) for operation in allowed]

    async def _allows(self, policy: Policy, text: str, vector: Vector) -> bool:
        if policy.excludes and await self._concerns(text, vector, policy.excludes):
            return False
        return not policy.includes or await self._concerns(text, vector, policy.includes)

    async def _concerns(self, text: str, vector: Vector, topic: str) -> bool:
        return concerns(text, vector, topic, await self._terms(topic_terms(topic)))

    async def _terms(self, terms: tuple[str, ...]) -> Vectors:
        if terms not in self._vectors:
            self._vectors[terms] = await self._embedder.embed(terms)
            if len(self._vectors) > REMEMBERED_TOPICS:
                self._vectors.popitem(last=False)
        return self._vectors[terms]


def _categorized(
    operation: Operation, vectors: Mapping[str, Vector], categories: Mapping[str, Vectors]
) -> Operation:
    if operation.event is Event.DELETE:
        return operation
    return replace(operation, categories=fitting_categories(vectors[operation.text], categories))
