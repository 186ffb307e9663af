"""Objects by type."""
