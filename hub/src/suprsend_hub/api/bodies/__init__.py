"""Bodies and queries of the API, one module a resource: JSON or a query in, a command of the domain out."""
