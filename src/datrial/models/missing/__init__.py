"""Missing answers: multiple imputation, Rubin's rules and inverse-probability weights."""
