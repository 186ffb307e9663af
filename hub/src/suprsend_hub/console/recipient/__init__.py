"""Pages of a user or an object: profile, history, subscriptions, rejected records, edit forms, deletion."""
