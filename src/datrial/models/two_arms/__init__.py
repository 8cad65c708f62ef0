"""Two arms compared: proportions, means, paired answers, and differences in differences."""
