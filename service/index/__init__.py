"""The vectors of the current memories, in Chroma."""
