"""The tenants of a workspace, each with its fields, users and overrides of categories."""
