"""Small single-arm studies: shares, and the same people's answers at a first and a last time."""
