"""The paper's evaluation datasets, each in its published layout."""
