"""Time to an event and recurrent events: curves, tests, Cox regression, mean numbers."""
