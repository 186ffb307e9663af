"""PostgreSQL: named SQL, the pool, migrations, the embedded server. Knows `domain`, never HTTP or use cases."""
