"""The categories of a project that brings none of its own (contract section 3)."""

from __future__ import annotations

from typing import Final

MISCELLANEOUS: Final = "misc"
"""The category of what fits no other."""

DEFAULT_CATEGORIES: Final[dict[str, str]] = {
    "personal_details": (
        "name, age, years old, birthday, home town, lives in a city, comes from a country, address, phone "
        "number, email, nationality, languages spoken"
    ),
    "family": (
        "wife, husband, children, daughter, son, kids, parents, brother, sister, relatives, marriage, "
        "pets, dog"
    ),
    "professional_details": (
        "job, employer, works at a company, profession, works as a nurse, is an engineer, career, "
        "colleagues, education, university degree"
    ),
    "sports": "running, football, tennis, gym, workout, marathon, sports team, athletics",
    "travel": "trips, flights, vacations, visiting countries and cities, hotels, moving abroad",
    "food": (
        "eating, drinking, meals, cooking, cuisine, dishes, restaurants, diet, vegetarian, vegan, sushi, "
        "vegetables, fruit, olives, coffee"
    ),
    "music": "songs, bands, concerts, musical instruments, singing, listening to music",
    "health": (
        "illness, allergies, allergic reactions, medication, doctors, diabetes, insulin, symptoms, "
        "injuries, smoking, sleep, mental health"
    ),
    "technology": ("computers, software, programming languages, gadgets, smartphones, apps, the internet"),
    "hobbies": (
        "leisure activities, hiking, photography, gardening, painting, reading, games, crafts, collecting"
    ),
    "fashion": "clothes, shoes, outfits, style, jewelry, wearing brands",
    "entertainment": ("movies, films, television series, shows, books, video games, theater, celebrities"),
    "milestones": (
        "graduation, wedding, engagement, getting promoted, birth of a child, retirement, buying a house, "
        "starting a new job"
    ),
    "user_preferences": "loves, likes, enjoys, prefers, favorite things, dislikes, hates, cannot stand",
    MISCELLANEOUS: "anything that fits nowhere else",
}
"""Name to what belongs there, as terms that are compared with a fact one by one (`service.memory.topics`)."""
