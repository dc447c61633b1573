"""What an analyst types in a notebook: questions to an open database, each answer shown and at hand as data."""
