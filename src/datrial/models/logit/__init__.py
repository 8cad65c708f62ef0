"""Binary and multinomial logit, with separation and penalised likelihood."""
