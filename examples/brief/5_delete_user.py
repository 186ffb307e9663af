import suprsend

supr_client = suprsend.Suprsend("workspace_key", "workspace_secret")

# --- as printed ---
res = supr_client.users.delete("__distinct_id__")
print(res)
