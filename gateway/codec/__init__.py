"""JSON to proto and back. What a field means is not known here."""
