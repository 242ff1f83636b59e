"""What other systems are to be told: worked out once, kept in the graph until it is handed over."""
