"""The nouns, errors and seams of the coast that two packages exchange. Standard library only; imports none of ours."""
