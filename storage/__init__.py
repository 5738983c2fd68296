"""What is kept: rows, their encryption, the stores that read and write them, migrations, backup and retention."""
