"""Use cases: what the hub does, independent of HTTP. Owns the batcher; calls `store` and `domain`."""
