"""The page of a user or an object: profile, history, subscriptions, rejected records; editing and deleting."""
