from __future__ import annotations

import pytest

from service.memory.categories import DEFAULT_CATEGORIES
from service.memory.model import Vectors
from service.memory.topics import category_terms, concerns, fitting_categories, topic_terms
from tests.unit.rules.conftest import NotingEmbedder

CATEGORIZED = {
    "personal_details": (
        "Name is Alex",
        "Is 30 years old",
        "Lives in Munich",
        "Is from Brazil",
        "Phone number is 555-0100",
        "Email is alex@example.com",
        "Birthday is on May 3",
    ),
    "family": (
        "Has two kids",
        "Sister lives in Berlin",
        "Is married to Kim",
        "Wife's name is Kim",
        "Has a dog named Rex",
    ),
    "professional_details": (
        "Works at Acme",
        "Is a nurse",
        "Works at Google as a software engineer",
        "Is a senior engineer",
    ),
    "sports": (
        "Runs every morning",
        "Plays tennis every Sunday",
        "Is training for a marathon",
        "Favorite team is Arsenal",
    ),
    "travel": ("Is flying to Rome on Friday", "Visited Japan last year", "Wants to travel to Peru"),
    "food": (
        "Is vegetarian",
        "Loves Chinese food",
        "Hates olives",
        "Does not eat meat",
        "Prefers tea over coffee",
        "Enjoys cooking Italian food",
        "Likes sushi",
    ),
    "music": (
        "Is a big fan of jazz",
        "Can play the piano",
        "Favorite band is The Beatles",
        "Loves listening to Mozart",
    ),
    "health": (
        "Is allergic to nuts",
        "Has type 2 diabetes",
        "Takes insulin every day",
        "Does not smoke",
        "Suffers from migraines",
    ),
    "technology": ("Is learning Python", "Uses a MacBook", "Bought a new iPhone"),
    "hobbies": ("Loves hiking", "Is into photography", "Enjoys gardening", "Collects stamps"),
    "fashion": ("Wears size 42 shoes", "Loves vintage dresses"),
    "entertainment": ("Favorite movie is Alien", "Is watching Game of Thrones", "Loves horror movies"),
    "milestones": ("Is getting married in June", "Bought a house in Denver", "Was promoted to manager"),
    "user_preferences": ("Favorite color is blue", "Prefers short answers"),
    "misc": ("Has a car", "Is left-handed"),
}

NAMED = {
    "health information": (
        "Is allergic to nuts",
        "Has type 2 diabetes",
        "Takes insulin every day",
        "Suffers from migraines",
    ),
    "food preferences": (
        "Loves Chinese food",
        "Is vegetarian",
        "Hates olives",
        "Prefers tea over coffee",
        "Is vegan",
    ),
    "anything about my job": ("Works at Acme", "Is a nurse", "Works at Google as a software engineer"),
    "family members": ("Has two kids", "Sister lives in Berlin", "Is married to Kim"),
    "where I live": ("Lives in Munich", "Lives in Berlin with their wife"),
    "personal information like phone numbers and addresses": ("Phone number is 555-0100",),
    "money and finances": ("Earns 80k a year", "Has a mortgage", "Salary is 80k"),
    "religion or politics": ("Is a Catholic", "Goes to church every Sunday", "Voted for the Greens"),
    "travel plans": ("Is flying to Rome on Friday", "Wants to travel to Peru"),
    "hobbies": ("Loves hiking", "Is into photography"),
}

NOT_NAMED = {
    "health information": (
        "Loves hiking",
        "Works at Acme",
        "Lives in Munich",
        "Has two kids",
        "Loves Chinese food",
        "Has a car",
    ),
    "food preferences": (
        "Works at Acme",
        "Lives in Munich",
        "Has two kids",
        "Loves hiking",
        "Has a dog named Rex",
        "Has a car",
    ),
    "anything about my job": (
        "Lives in Munich",
        "Loves hiking",
        "Is vegetarian",
        "Is allergic to nuts",
        "Name is Alex",
    ),
    "family members": ("Works at Acme", "Loves hiking", "Is vegetarian", "Favorite color is blue"),
    "where I live": ("Loves hiking", "Is vegetarian", "Name is Alex"),
    "personal information like phone numbers and addresses": (
        "Loves hiking",
        "Is vegetarian",
        "Works at Acme",
    ),
    "money and finances": ("Loves hiking", "Is vegetarian", "Lives in Munich"),
    "religion or politics": ("Loves hiking", "Is vegetarian", "Lives in Munich", "Plays tennis every Sunday"),
    "travel plans": ("Is vegetarian", "Works at Acme", "Has two kids"),
    "hobbies": ("Works at Acme", "Name is Alex", "Has two kids", "Is allergic to nuts"),
}


@pytest.fixture(scope="module")
async def categories(embedder: NotingEmbedder) -> dict[str, Vectors]:
    """The vectors of the default categories."""
    return {
        name: await embedder.embed(category_terms(name, told)) for name, told in DEFAULT_CATEGORIES.items()
    }


@pytest.mark.parametrize("category", CATEGORIZED)
async def test_facts_belong_to_their_category(
    embedder: NotingEmbedder, categories: dict[str, Vectors], category: str
) -> None:
    """A fact is filed under the category that a person would look in."""
    texts = CATEGORIZED[category]
    for text, vector in zip(texts, await embedder.embed(texts), strict=True):
        assert category in fitting_categories(vector, categories), text


@pytest.mark.parametrize("topic", NAMED)
async def test_a_topic_names_what_it_means(embedder: NotingEmbedder, topic: str) -> None:
    """Free text names facts by meaning, and leaves the others alone."""
    terms = await embedder.embed(topic_terms(topic))
    texts = (*NAMED[topic], *NOT_NAMED[topic])
    for text, vector in zip(texts, await embedder.embed(texts), strict=True):
        assert concerns(text, vector, topic, terms) == (text in NAMED[topic]), text


async def test_misc_only_stands_alone(embedder: NotingEmbedder) -> None:
    """Where nothing fits the category is misc, and none where there is no misc."""
    [vector] = await embedder.embed(["Is left-handed"])
    food = {"food": await embedder.embed(category_terms("food", DEFAULT_CATEGORIES["food"]))}
    assert fitting_categories(vector, food) == ()
    assert fitting_categories(vector, food | {"misc": food["food"]}) == ("misc",)


async def test_a_word_in_common_is_enough(embedder: NotingEmbedder) -> None:
    """A topic names a fact that says its word, however far the meanings seem."""
    [vector] = await embedder.embed(["Drives a Zyxtron 3000"])
    assert concerns(
        "Drives a Zyxtron 3000", vector, "my zyxtrons", await embedder.embed(topic_terms("my zyxtrons"))
    )
