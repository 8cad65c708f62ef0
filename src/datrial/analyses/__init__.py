"""One module per question: reads a mart, calls models, returns result tables."""
