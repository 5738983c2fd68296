"""One way over HTTP to any outside system: what differs from one to the next stands in its configuration."""
