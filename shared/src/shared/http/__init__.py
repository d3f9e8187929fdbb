"""HTTP endpoints: problem errors, customer links, the frame of every service's application."""
