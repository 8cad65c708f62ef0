"""Check the staging tables against their Great Expectations suites."""
