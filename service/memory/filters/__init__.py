"""Which memories a read is about: one grammar for every route (contract section 5), read here.

    JSON text or a query --> parse_text, parse, from_query --> a Filter --> service.ledger.filtering --> SQL

What the contract leaves open is decided in `service.memory.filters.conditions` (fields and operators),
`moments` (times) and `values` (equality and case).
"""

from service.memory.filters.grammar import ALL, NOTHING, Filter, names_a_scope
from service.memory.filters.parse import parse, parse_text
from service.memory.filters.query import QueryFilter, from_query

__all__ = ["ALL", "NOTHING", "Filter", "QueryFilter", "from_query", "names_a_scope", "parse", "parse_text"]
