"""What came in and what is to be sent: inbox keys, outbox rows, leases, retries, fencing."""
