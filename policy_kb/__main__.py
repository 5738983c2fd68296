"""`python -m policy_kb`: compiles the library, so that the first start is as quick as the next."""

from policy_kb import compiled

library = compiled.load()
print(f"policy library {library.version}, {len(library.regions)} regions, {library.sha256[:12]}")
