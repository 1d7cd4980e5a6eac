"""A reasoner behind any endpoint that speaks OpenAI's chat completions."""

from __future__ import annotations

from dataclasses import replace

from service.inference.answers import AnswerForm
from service.inference.chat import Chat, Prompt
from service.inference.plan_schema import plan_schema, read_plan
from service.inference.prompt import repair_text, system_text, user_text
from service.memory.model import Inference, Plan
from service.memory.ports import Deadline


class OpenAIReasoner:
    """Asks a language model for a plan, one call a plan.

    Args:
        chat: the model.
        candidate_limit: how many known memories are offered.
    """

    def __init__(self, chat: Chat, candidate_limit: int = 20) -> None:
        self._chat = chat
        self._candidate_limit = candidate_limit

    @property
    def name(self) -> str:
        """How logs and the start banner call it."""
        return f"openai ({self._chat.model})"

    @property
    def candidate_limit(self) -> int:
        """How many known memories are worth offering."""
        return self._candidate_limit

    async def plan(self, inference: Inference, deadline: Deadline, repair: str | None = None) -> Plan:
        """Proposes what to change, as `service.memory.ports.Reasoner` describes it.

        Ids and quotes are the model's own: whoever carries out the plan checks them. Names of categories that
        the policy does not have are left out.

        Raises: see `service.inference.chat.Chat.ask_json`.
        """
        refs = [candidate.ref for candidate in inference.candidates]
        told = plan_schema(refs, ())  # the policy names the categories already

        def prompt(form: AnswerForm) -> Prompt:
            return _prompt(form, inference, told, repair)

        enforced = plan_schema(refs, list(inference.policy.categories))
        answer = await self._chat.ask_json(prompt, enforced, deadline)
        plan = read_plan(answer.text, inference.policy.categories)
        return replace(plan, tokens_in=answer.tokens_in, tokens_out=answer.tokens_out)


def _prompt(form: AnswerForm, inference: Inference, schema: dict[str, object], repair: str | None) -> Prompt:
    enforced = form is AnswerForm.JSON_SCHEMA
    data = user_text(inference) + (repair_text(repair, schema) if repair else "")
    return [
        {"role": "system", "content": system_text(inference.policy, None if enforced else schema)},
        {"role": "user", "content": data},
    ]
