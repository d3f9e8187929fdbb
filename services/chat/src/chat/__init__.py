"""The conversation with the customer: messages, assistants, hand-off, and the lead's timeline."""
