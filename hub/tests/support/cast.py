"""Who acts in tests that are not about actors."""

from suprsend_hub.domain.actor import Actor, ActorKind

TESTER = Actor(ActorKind.COMMAND_LINE, "tester", "test")
VISITOR = Actor(ActorKind.NOBODY, "", "a browser", "192.0.2.1")
"""Somebody at the sign-in page."""
