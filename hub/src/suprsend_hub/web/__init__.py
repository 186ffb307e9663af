"""Shared by the two HTTP faces below routes and pages: the client, the request id and the body of a request."""
