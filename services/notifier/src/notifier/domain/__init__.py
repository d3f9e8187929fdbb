"""Pure decisions about messages: what may go, when, and in which words."""
