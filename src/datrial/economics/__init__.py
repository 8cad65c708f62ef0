"""Costs per case and value for money: models written as files, worked out with their doubts."""
