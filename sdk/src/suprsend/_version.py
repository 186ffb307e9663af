"""Version of the distribution, and the names under which it introduces itself. A leaf."""

SDK_NAME = "suprsend-sdk"
__version__ = "0.1.0"
