"""Where asyncio and threads differ: one pair of classes per need, the only code that exists twice by hand.

``_async/`` is written against the ``Async…`` classes; ``tools/make_sync.py`` turns it into ``_sync/`` on the others.
httpcore2 and asyncio are imported when first needed, so that ``import suprsend`` stays fast.
"""
