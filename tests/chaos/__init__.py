"""Chaos among real processes: what happens to them is drawn from a seed, what became of it is judged from outside."""
