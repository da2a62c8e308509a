"""What is known of models and endpoints, from data files that a user can extend."""
