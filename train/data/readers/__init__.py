"""Readers of pretraining data in its published layouts, each a ``PairSource`` of records to pack."""
