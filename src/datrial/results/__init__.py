"""Result cells, the tables made from them, and the store of runs."""
