"""What the language model of the benchmarks says: one fact a sentence, in the form that each system asks for.

A user's message is a list of facts, "Likes tea. Lives in Kyoto. Has a cat.", split at the sentences' ends. A
fact that the prompt shows as known already is not stored again: memoryd and mem0ai 2.2.1 hear nothing of it,
and mem0ai 1.0.11 hears NONE, beside all that it knows, as its prompt wants it. Who asks is told by the shape
of the request.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from typing import Any, TypeAlias

Body: TypeAlias = dict[str, Any]

MEMORYD = "memoryd"
MEM0_1 = "mem0ai-1.0.11"
MEM0_2 = "mem0ai-2.2.1"

_UPDATE = "The new retrieved facts are mentioned in the triple backticks."
_FENCE = "```"


class UnknownRequest(Exception):
    """A prompt that none of the systems writes."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Who asked, what for how much, and what the model says.

    Attributes:
        system: `memoryd`, `mem0ai-1.0.11` or `mem0ai-2.2.1`.
        prompt_characters: those of all messages, and of the schema if there is one.
        text: the content of the completion.
    """

    system: str
    prompt_characters: int
    text: str


def answer(request: Body) -> Answered:
    """Answers one chat completion.

    Raises:
        UnknownRequest: it is none of those that are answered here.
    """
    messages: list[Body] = request["messages"]
    length = sum(len(message["content"]) for message in messages)
    said: str = messages[-1]["content"]
    response_format: Body = request.get("response_format", {})
    if response_format.get("type") == "json_schema":
        schema: Body = response_format["json_schema"]["schema"]
        length += len(json.dumps(schema, separators=(",", ":"), ensure_ascii=False))
        return Answered(MEMORYD, length, json.dumps(_plan(json.loads(said), schema)))
    if len(messages) == 1 and _UPDATE in said:
        return Answered(MEM0_1, length, json.dumps(_update(said)))
    if said.startswith("Input:\n"):
        spoken = _spoken_by_the_user(said.removeprefix("Input:\n"))
        return Answered(MEM0_1, length, json.dumps({"facts": facts(spoken)}))
    if said.startswith("## Summary\n"):
        return Answered(MEM0_2, length, json.dumps(_additions(said)))
    raise UnknownRequest("none of the systems asks like this")


def facts(text: str) -> list[str]:
    """The sentences of a text, each once, without their full stops."""
    sentences = (sentence.strip().removesuffix(".") for sentence in text.split(". "))
    return list(dict.fromkeys(sentence for sentence in sentences if sentence))


def _plan(asked: Body, schema: Body) -> Body:
    """memoryd's: an ADD of each fact that `known` does not hold, in the strict form of its schema."""
    if "messages" not in asked:
        raise UnknownRequest("memoryd asks for something else than a plan")
    properties: Body = schema["properties"]["operations"]["items"]["properties"]
    names = properties["categories"]["items"].get("enum", [])[:1]
    target = {"target": None} if "target" in properties else {}
    known = {each["text"] for each in asked["known"]}
    return {
        "operations": [
            {"message_index": message["index"], "quote": fact, "event": "ADD"}
            | target
            | {"text": fact, "categories": names}
            for message in asked["messages"]
            if message["role"] == asked["about"]
            for fact in facts(message["content"])
            if fact not in known
        ]
    }


def _update(said: str) -> Body:
    """The second call of mem0ai 1.0.11: the memory as it shall be, both lists being Python literals."""
    *before, found, _ = said.split(_FENCE)
    known: list[Body] = ast.literal_eval(before[1].strip()) if len(before) > 1 else []
    texts = {each["text"] for each in known}
    new = [fact for fact in ast.literal_eval(found.strip()) if fact not in texts]
    kept = [{"id": each["id"], "text": each["text"], "event": "NONE"} for each in known]
    return {
        "memory": kept
        + [{"id": str(number), "text": fact, "event": "ADD"} for number, fact in enumerate(new, len(known))]
    }


def _additions(said: str) -> Body:
    """The one call of mem0ai 2.2.1: nothing but additions."""
    known = {each["text"] for each in json.loads(_section(said, "## Existing Memories\n"))}
    spoken = _spoken_by_the_user(_section(said, "## New Messages\n"))
    new = [fact for fact in facts(spoken) if fact not in known]
    return {
        "memory": [
            {"id": str(number), "text": fact, "attributed_to": "user"} for number, fact in enumerate(new)
        ]
    }


def _section(said: str, title: str) -> str:
    _, _, rest = said.partition(title)
    return rest.partition("\n\n## ")[0]


def _spoken_by_the_user(lines: str) -> str:
    """What mem0ai's transcripts, `role: content` a line, say that the user said."""
    return " ".join(line.removeprefix("user: ") for line in lines.splitlines() if line.startswith("user: "))
