"""What is used to build the project, and not shipped with it."""
