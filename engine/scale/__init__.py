"""Many scenes, many machines. Only what runs on Ray imports it."""
