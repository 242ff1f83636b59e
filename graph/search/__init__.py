"""Search: customers and accounts by anything one remembers of them, also mistyped."""
