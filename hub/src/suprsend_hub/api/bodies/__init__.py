"""Bodies and queries of the API, one module per resource: JSON or a query in, a command of the domain out."""
