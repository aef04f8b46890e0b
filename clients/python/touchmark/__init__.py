"""A second, independent verifier of Touchmark's statements, evidence files and log: it follows spec/, with nothing but the standard library."""
