"""What one looks at while a run goes on: progress, curves, pictures, a probe."""
