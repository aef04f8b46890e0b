"""A second, independent verifier of Touchmark's statements, certificate files and log: it follows spec/, with nothing but the standard library."""
