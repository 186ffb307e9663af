"""The preference categories of a workspace."""
