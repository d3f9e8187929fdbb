"""What free words mean: a small local sentence encoder, and what was learnt on top of it from examples."""
