"""Small factories: a test says what it is about and takes the rest from here."""
