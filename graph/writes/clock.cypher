// The store's clock, in milliseconds since 1970.
RETURN timestamp()
