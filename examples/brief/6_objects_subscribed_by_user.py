import suprsend

supr_client = suprsend.Suprsend("workspace_key", "workspace_secret")

# --- as printed ---
res = supr_client.users.get_objects_subscribed_to("__distinct_id__", {"after": "01JJW6HXXXXPB59ARDW85G0KN", "limit": 1})
print(res)
