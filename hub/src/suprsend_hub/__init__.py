"""The hub: a recipient directory that speaks SuprSend's HTTP API on PostgreSQL.

Layers (imports point down): `cli`, `api`, `console` -> `service` -> `domain`; `store` knows `domain` only and is
called by `service`; `app` wires them.
"""
