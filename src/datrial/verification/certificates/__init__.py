"""The certificates, a module for each chapter of the page.

Each computes on the spot with the public functions, on data that are printed here or
drawn anew, and yields one comparison per number. Libraries are imported within: a
certificate whose second engine is not there fails, and the others still run.
"""
