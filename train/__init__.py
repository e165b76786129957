"""Pretraining, fine-tuning and evaluation of SMARTIES models. Imports the engine; the engine never imports it."""
