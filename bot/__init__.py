"""The conversation: hear, understand, decide, say."""
