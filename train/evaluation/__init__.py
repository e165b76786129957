"""The paper's evaluation: its datasets in their published layouts, its protocols, one table."""
