"""The OpenAPI document.

Its schemas are written down as OpenAPI 3.0 and not derived from models: models that validate would have to
convert (floats for decimals, a dict for key order, the first error for all), models that do not would say
nothing more than the schema itself. And the page that shows it offline, Swagger UI 4, reads 3.0 only.
"""
