from __future__ import annotations

from collections.abc import Callable

from tests.functional.conftest import Model
from tests.functional.faces import Face, Grpc, Rest
from tests.functional.ledgers import LedgerFile, wait_until
from tests.running import Memoryd
from tests.scripted_openai import add, delete, plan, update


def test_a_fact_comes_changes_and_goes(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """ADD, UPDATE and DELETE tell the same memory's life, and the log keeps it."""
    model.answers(plan([add("Lives in Berlin", quote="moved to Berlin")]))
    [added] = face.add("I moved to Berlin", user_id=user)
    assert (added.event, added.memory, added.previous) == ("ADD", "Lives in Berlin", None)

    model.answers(plan([update("m1", "Lives in Munich", quote="moved to Munich")]))
    [updated] = face.add("Now I moved to Munich", user_id=user)
    assert (updated.event, updated.id) == ("UPDATE", added.id)
    assert (updated.memory, updated.previous) == ("Lives in Munich", "Lives in Berlin")
    assert ledger.texts(user) == ["Lives in Munich"]

    model.answers(plan([delete("m1", quote="forget where I live")]))
    [deleted] = face.add("Please forget where I live", user_id=user)
    assert (deleted.event, deleted.id, deleted.memory) == ("DELETE", added.id, "Lives in Munich")
    assert ledger.memories(user) == []
    assert [(row["event"], row["old_text"], row["new_text"]) for row in ledger.changes(added.id)] == [
        ("ADD", None, "Lives in Berlin"),
        ("UPDATE", "Lives in Berlin", "Lives in Munich"),
        ("DELETE", "Lives in Munich", None),
    ]


def test_a_changed_fact_is_known_under_its_new_text(face: Face, model: Model, user: str) -> None:
    """What the model is shown next is what was just committed."""
    model.answers(
        plan([add("Lives in Berlin", quote="Berlin")]),
        plan([update("m1", "Lives in Munich", quote="Munich")]),
        plan(),
    )
    face.add("I live in Berlin", user_id=user)
    face.add("I live in Munich", user_id=user)
    face.add("Hello", user_id=user)
    assert model.known == ["Lives in Munich"]


def test_evidence_counts_code_points(face: Face, model: Model, user: str) -> None:
    """A span is right behind and across letters beyond the basic plane."""
    said, quote = "🎻🎻 𝄞 I play the 🎻 daily 🎻", "play the 🎻 daily"
    model.answers(plan([add("Plays the violin daily", quote=quote, message_index=1)]))
    messages = [
        {"role": "assistant", "content": "What do you do?"},
        {"role": "user", "content": said, "name": "Zoë"},
    ]
    [event] = face.add(messages, user_id=user)
    assert event.evidence is not None
    index, start, end, speaker = event.evidence
    assert (index, said[start:end], speaker) == (1, quote, "Zoë")


def test_evidence_of_a_tidied_quote(face: Face, model: Model, user: str) -> None:
    """Case, spacing and quotation marks do not matter, and the span is that of the original."""
    said = "well,  I DON’T\n eat meat"
    model.answers(plan([add("Eats no meat", quote="I don't eat meat")]))
    [event] = face.add(said, user_id=user)
    assert event.evidence is not None
    assert said[event.evidence[1] : event.evidence[2]] == "I DON’T\n eat meat"


def test_evidence_from_another_message_than_the_model_says(face: Face, model: Model, user: str) -> None:
    """A wrong message number is corrected: the words count."""
    model.answers(plan([add("Has a dog", quote="have a dog", message_index=7)]))
    messages = [{"role": "user", "content": "Hi"}, {"role": "user", "content": "I have a dog"}]
    [event] = face.add(messages, user_id=user)
    assert event.evidence == (1, 2, 12, "user")


METADATA = (
    '{"z":1,"id":1234567890123456789,"a":{"n":null,"list":[1,[],{}],"deep":{"é":"𝄞 \\" \\\\u0000"}},'
    '"price":1.10,"tiny":0.1234567890123456789,"t":true,"":""}'
)


def test_metadata_survives_rest(rest: Rest, model: Model, user: str) -> None:
    """Numbers to the digit, nulls, nesting and key order come back over REST as they were sent."""
    model.answers(plan([add("Has a dog", quote="have a dog")]))
    body = f'{{"messages":"I have a dog","user_id":"{user}","metadata":{METADATA}}}'.encode()
    answer = rest.memoryd.post(body)
    assert answer.status_code == 200, answer.text
    assert f'"metadata":{METADATA}' in answer.text


def test_metadata_survives_grpc(rpc: Grpc, model: Model, ledger: LedgerFile, user: str) -> None:
    """The same over gRPC, and in the ledger."""
    from memoryd.v1 import memory_pb2, memory_service_pb2

    model.answers(plan([add("Has a dog", quote="have a dog")]))
    message = memory_pb2.Message(role="user", content="I have a dog")
    request = memory_service_pb2.AddMemoriesRequest(messages=[message], user_id=user, metadata=METADATA)
    assert [event.metadata for event in rpc.call(request).results] == [METADATA]
    assert [row["metadata"] for row in ledger.memories(user)] == [METADATA]


def test_metadata_as_deep_as_allowed_can_be_read_again(rpc: Grpc, model: Model, user: str) -> None:
    """What was accepted once stands in nobody's way: neither as known memory nor as context."""
    deep: object = "bottom"
    for _ in range(63):
        deep = {"a": deep}
    model.answers(plan([add("Has a dog", quote="have a dog")]), plan())
    rpc.add("I have a dog", user_id=user, metadata=deep)
    assert rpc.add("Hello", user_id=user, version="v2") == []


def test_metadata_merges_on_update(face: Face, model: Model, user: str) -> None:
    """An UPDATE keeps the keys that the call does not name."""
    model.answers(
        plan([add("Lives in Berlin", quote="Berlin")]), plan([update("m1", "Lives in Bonn", quote="Bonn")])
    )
    face.add("I live in Berlin", user_id=user, metadata={"source": "chat", "turn": 1})
    [updated] = face.add("I live in Bonn", user_id=user, metadata={"turn": 2, "new": None})
    assert updated.metadata == '{"source":"chat","turn":2,"new":null}'


def test_an_update_without_metadata_keeps_it(face: Face, model: Model, user: str) -> None:
    """No metadata is no wish to lose any."""
    model.answers(
        plan([add("Lives in Berlin", quote="Berlin")]), plan([update("m1", "Lives in Bonn", quote="Bonn")])
    )
    face.add("I live in Berlin", user_id=user, metadata={"turn": 1})
    [updated] = face.add("I live in Bonn", user_id=user)
    assert updated.metadata == '{"turn":1}'


def test_custom_categories(face: Face, model: Model, user: str) -> None:
    """The call's categories are offered with their descriptions, and no others are taken."""
    model.answers(plan([add("Bakes bread", quote="bake", categories=["cooking", "sports", "cooking"])]))
    [event] = face.add("I bake", user_id=user, custom_categories={"cooking": "recipes", "art": ""})
    assert event.categories == ("cooking",)
    assert '"categories":{"art":"","cooking":"recipes"}' in model.rules


def test_custom_categories_as_a_list(rest: Rest, model: Model, user: str) -> None:
    """Old clients send a list of one-key objects."""
    model.answers(plan([add("Bakes bread", quote="bake", categories=["art", "cooking"])]))
    [event] = rest.add("I bake", user_id=user, custom_categories=[{"cooking": "recipes"}, {"art": None}])
    assert event.categories == ("art", "cooking")


def test_verbatim(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """With infer false all messages but the system's are stored as they are, in order, repetitions too."""
    said = [
        {"role": "system", "content": "Be kind"},
        {"role": "user", "content": "  Hello 𝄞 "},
        {"role": "assistant", "content": "Hi!"},
        {"role": "user", "content": "  Hello 𝄞 "},
    ]
    events = face.add(said, user_id=user, infer=False, metadata={"n": 1})
    assert [(event.event, event.memory) for event in events] == [
        ("ADD", "  Hello 𝄞 "),
        ("ADD", "Hi!"),
        ("ADD", "  Hello 𝄞 "),
    ]
    assert [event.evidence for event in events] == [
        (1, 0, 10, "user"),
        (2, 0, 3, "assistant"),
        (3, 0, 10, "user"),
    ]
    assert {event.metadata for event in events} == {'{"n":1}'}
    assert len({event.id for event in events}) == 3
    assert ledger.texts(user) == ["  Hello 𝄞 ", "Hi!", "  Hello 𝄞 "]
    assert model.asked == 0


def test_verbatim_of_nothing_but_instructions(face: Face, ledger: LedgerFile, user: str) -> None:
    """Instructions are never remembered, so that there is nothing to store."""
    assert face.add([{"role": "system", "content": "Be kind"}], user_id=user, infer=False) == []
    assert [row["status"] for row in ledger.requests(user)] == ["SUCCEEDED"]


def test_an_identical_fact_is_kept_once(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """Neither within one plan nor in a later one; case, spacing and a final stop make no other fact."""
    model.answers(
        plan([add("Loves tea", quote="love tea"), add("loves  TEA.", quote="love tea")]),
        plan([add("Loves tea.", quote="love tea")]),
    )
    assert len(face.add("I love tea", user_id=user)) == 1
    assert face.add("I love tea!", user_id=user) == []
    assert ledger.texts(user) == ["Loves tea"]


def test_a_reworded_fact_is_kept_once(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """A near-identical vector with the same words says the same; other words or numbers do not."""
    model.answers(
        plan([add("Has a dog named Rex", quote="a dog"), add("Has 2 kids", quote="2 kids")]),
        plan([add("Has the dog named Rex", quote="dog"), add("Has 3 kids", quote="kids")]),
    )
    face.add("I have a dog and 2 kids", user_id=user)
    face.add("The dog, the kids", user_id=user)
    assert ledger.texts(user) == ["Has a dog named Rex", "Has 2 kids", "Has 3 kids"]


def test_assistant_messages_are_context(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """What an assistant says is shown to the model, and no fact about the user comes from it."""
    model.answers(
        plan([add("Wants to visit Rome", quote="visit Rome"), add("Likes Italy", quote="love Italy")])
    )
    messages = [
        {"role": "assistant", "content": "You should visit Rome"},
        {"role": "user", "content": "I love Italy"},
    ]
    events = face.add(messages, user_id=user)
    assert [event.memory for event in events] == ["Likes Italy"]
    assert [message["role"] for message in model.shown["messages"]] == ["assistant", "user"]
    assert '"WRONG_SPEAKER"' in ledger.requests(user)[0]["rejections"]


def test_no_user_message_no_question(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """When nobody speaks whose facts are wanted, the model is not asked."""
    assert face.add([{"role": "assistant", "content": "You should visit Rome"}], user_id=user) == []
    assert model.asked == 0
    assert [row["status"] for row in ledger.requests(user)] == ["SUCCEEDED"]


def test_an_agent_alone_is_remembered(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """With agent_id alone the facts are the assistant's own, by its own instructions."""
    said = "I am the support agent for ACME"
    model.answers(
        plan([add("Is the support agent for ACME", quote=said, message_index=1), add("Is sad", quote="sad")])
    )
    messages = [{"role": "user", "content": "I am sad"}, {"role": "assistant", "content": said}]
    [event] = face.add(
        messages, agent_id=user, custom_instructions="for-users", agent_custom_instructions="for-agents"
    )
    assert event.memory == "Is the support agent for ACME"
    assert event.evidence == (1, 0, len(said), "assistant")
    assert model.shown["about"] == "assistant"
    assert "for-agents" in model.rules
    assert "for-users" not in model.rules
    [row] = ledger.rows("SELECT * FROM memories WHERE agent_id = ?", user)
    assert (row["user_id"], row["speaker"]) == (None, "assistant")


def test_both_ids_are_kept(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """A fact of a user with an agent carries both ids and its speaker, and is known to whom it concerns."""
    model.answers(plan([add("Loves tea", quote="tea")]), plan(), plan(), plan())
    [event] = face.add(
        [{"role": "user", "content": "I love tea", "name": "Ann"}], user_id=user, agent_id="butler"
    )
    [row] = ledger.memories(user)
    assert (row["id"], row["agent_id"], row["speaker"]) == (event.id, "butler", "Ann")
    face.add("Hello", user_id=user)
    assert model.known == ["Loves tea"]
    face.add("Hello", user_id=user, agent_id="butler")
    assert model.known == ["Loves tea"]
    face.add("Hello", user_id=user, agent_id="cook")
    assert model.known == []


def test_users_are_strangers(face: Face, model: Model, user: str) -> None:
    """What is known of one user is never shown for another, nor can it be changed by one."""
    model.answers(plan([add("Loves tea", quote="tea")]), plan([update("m1", "Hates tea", quote="hate tea")]))
    face.add("I love tea", user_id=user)
    [event] = face.add("I hate tea", user_id=f"{user}-2")
    assert model.known == []
    assert event.event == "ADD"


def test_immutable(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """What may never change stays: an UPDATE of it becomes an ADD, a DELETE is dropped."""
    model.answers(
        plan([add("Born in 1990", quote="born in 1990")]),
        plan([update("m1", "Born in 1991", quote="born in 1991")]),
    )
    [first] = face.add("I was born in 1990", user_id=user, immutable=True)
    [second] = face.add("I was born in 1991", user_id=user)
    assert (second.event, second.memory) == ("ADD", "Born in 1991")
    assert second.id != first.id
    model.answers(plan([delete("m1", quote="Forget"), delete("m2", quote="Forget")]))
    [gone] = face.add("Forget it all", user_id=user)
    assert gone.id == second.id
    assert [(row["text"], row["immutable"]) for row in ledger.memories(user)] == [("Born in 1990", 1)]


def test_expiration_date(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """The last day is kept, and an UPDATE without one leaves it."""
    model.answers(
        plan([add("Lives in Berlin", quote="Berlin")]), plan([update("m1", "Lives in Bonn", quote="Bonn")])
    )
    face.add("I live in Berlin", user_id=user, expiration_date="2031-02-28")
    face.add("I live in Bonn", user_id=user)
    assert [(row["text"], row["expiration_date"]) for row in ledger.memories(user)] == [
        ("Lives in Bonn", "2031-02-28")
    ]


def test_timestamp(face: Face, model: Model, user: str) -> None:
    """The model learns on what day the messages were said, the first of all days included."""
    model.answers(plan(), plan())
    face.add("Yesterday I ran", user_id=user, timestamp=1_682_942_400)
    assert model.shown["said_on"] == "2023-05-01, Monday"
    face.add("Yesterday I ran", user_id=user, timestamp=0)
    assert model.shown["said_on"] == "1970-01-01, Thursday"


def test_wishes_reach_the_model(face: Face, model: Model, user: str) -> None:
    """includes, excludes and custom_instructions stand in the policy, apart from the messages."""
    model.answers(plan())
    face.add(
        "Hello", user_id=user, includes="food only", excludes="phone numbers", custom_instructions="be brief"
    )
    for wish in ('"keep_only":"food only"', '"never_keep":"phone numbers"', '"instructions":"be brief"'):
        assert wish in model.rules


def test_instructing_messages_are_not_shown(face: Face, model: Model, user: str) -> None:
    """A system message neither reaches the model nor moves the numbers of the others."""
    model.answers(plan([add("Has a dog", quote="a dog", message_index=1)]))
    messages = [
        {"role": "system", "content": "Obey"},
        {"role": "user", "content": "I have a dog"},
    ]
    [event] = face.add(messages, user_id=user)
    assert event.evidence == (1, 7, 12, "user")
    assert [message["index"] for message in model.shown["messages"]] == [1]


def test_earlier_messages_as_context(face: Face, model: Model, user: str) -> None:
    """With version v2 the model is shown earlier messages of exactly this scope; no fact comes from them."""
    model.answers(plan(), plan(), plan(), plan([add("Has a cat", quote="a cat")]))
    face.add("I have a cat", user_id=user)
    face.add([{"role": "assistant", "content": "Nice"}, {"role": "user", "content": "Yes"}], user_id=user)
    face.add("In another run", user_id=user, run_id="r")
    events = face.add("And you?", user_id=user, version="v2")
    assert [message["content"] for message in model.shown["context"]] == ["I have a cat", "Nice", "Yes"]
    assert [event.evidence for event in events] == [None]


def test_no_context_by_default(face: Face, model: Model, user: str) -> None:
    """With version v1 the model is shown the messages of the call alone."""
    model.answers(plan(), plan())
    face.add("I have a cat", user_id=user)
    face.add("And you?", user_id=user, version="v1")
    assert model.shown["context"] == []


def test_nothing_worth_keeping(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """An empty plan is a success without events."""
    model.answers(plan())
    assert face.add("What's the weather?", user_id=user) == []
    assert [(row["status"], row["reason"]) for row in ledger.requests(user)] == [("SUCCEEDED", None)]


def test_the_language_stays(face: Face, model: Model, ledger: LedgerFile, user: str) -> None:
    """A text is stored as the model gives it, in whatever script."""
    texts = ["ミュンヘンに住んでいる", "يسكن في ميونخ", "Живёт в Мюнхене", "👩‍👩‍👧"]
    model.answers(plan([add(text, quote=text) for text in texts]))
    assert [event.memory for event in face.add(" ".join(texts), user_id=user)] == texts
    assert ledger.texts(user) == texts


def test_the_log_says_what_an_add_cost(started: Callable[..., Memoryd], model: Model, user: str) -> None:
    """The tokens that the model read and wrote stand beside the event's id, and no text does."""
    memoryd = started()
    model.answers(plan([add("Lives in Berlin", quote="Berlin")]))
    [event] = Rest(memoryd).add("I live in Berlin", user_id=user)
    wait_until(lambda: "plan checked" in memoryd.output)
    [line] = [line for line in memoryd.output.splitlines() if "plan checked" in line]
    assert "tokens_in=120" in line
    assert "tokens_out=30" in line
    assert "Berlin" not in memoryd.output
    assert event.memory == "Lives in Berlin"
