"""What waits for HR: one noun, the `HrTask`."""
