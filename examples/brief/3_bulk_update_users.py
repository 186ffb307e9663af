import suprsend

supr_client = suprsend.Suprsend("workspace_key", "workspace_secret")

# --- as printed ---
# Create bulk instance
bulk_ins = supr_client.users.get_bulk_edit_instance()

# Prepare multiple users edit instance 
distinct_id1 = "__distinct_id1__"  # User 1
u1 = supr_client.users.get_edit_instance(distinct_id1)
u1.add_email("u1@example.com")

distinct_id2 = "__distinct_id2__"  # User 2
u2 = supr_client.users.get_edit_instance(distinct_id2)
u2.add_email("u2@example.com")

# Append users to the bulk instance
bulk_ins.append(u1, u2)

# -------
res = bulk_ins.save()
print(res)
