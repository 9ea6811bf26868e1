"""What a run saves of its work, so that one that was stopped goes on where it was."""
