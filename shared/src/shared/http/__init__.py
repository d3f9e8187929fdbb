"""HTTP doors: problem errors, customer links, the frame of every service's application."""
