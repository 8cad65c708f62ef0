"""What comes after a latent class model: outcomes and covariates of classes."""
