"""Inference from the randomisation itself: permutations, adjusted differences, compliers."""
