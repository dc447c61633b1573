"""From files to the database: file forms, typing by contract, and the load itself."""
