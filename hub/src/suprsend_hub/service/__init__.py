"""Use cases: what the hub does, told without HTTP. Owns the batcher; calls `store` and `domain`."""
