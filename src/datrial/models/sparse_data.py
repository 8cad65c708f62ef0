"""From how few rows on an estimate is said to rest on too little.

Sparse-data bias: Greenland, Mansournia and Altman (2016), BMJ 352, i1981.
"""

#: An outcome level with fewer rows than this is rare.
RARE_LEVEL = 10
#: Fewer rows than this in a cell of a 0/1 predictor with the outcome are few.
SPARSE_CELL = 5
