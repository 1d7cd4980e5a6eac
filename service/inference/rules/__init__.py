"""The reasoner that needs no language model: clauses of a dependency parse become facts."""
