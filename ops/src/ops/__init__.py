"""What operators use: leadctl, and the launcher of the stack on one machine."""
