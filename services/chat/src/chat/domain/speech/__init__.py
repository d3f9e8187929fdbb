"""Receipt-bound speech: what a model's sentence states, and whether the conversation's receipts prove it."""
