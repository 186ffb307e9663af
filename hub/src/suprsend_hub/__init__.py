"""The hub, a self-hosted recipient directory on PostgreSQL that speaks SuprSend's HTTP API.

Layers (imports point down): `cli`, `api`, `console` -> `service` -> `domain`; `store` knows `domain` only and is
called by `service`; `app` wires them.
"""
