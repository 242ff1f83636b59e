"""What the API is measured beside: other servers over the same graph, and who asks them."""
