"""What the tasks of several methods share, a file a modality."""
