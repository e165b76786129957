"""Training data: readers of published layouts, packed collections, and batches made of them on the device."""
