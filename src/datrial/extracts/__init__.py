"""Read the agencies' files: landing, raw text, typed rows, staging with row accounting."""
