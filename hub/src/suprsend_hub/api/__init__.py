"""The HTTP face: parse, authenticate, call a service, render. No SQL, no rules."""
