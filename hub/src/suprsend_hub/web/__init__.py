"""Shared by the two HTTP faces below routes and pages: the client behind a request, and the request's id."""
