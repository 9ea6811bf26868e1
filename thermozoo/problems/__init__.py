"""Problems on variables of two values: what annealers minimize, from and to files and other libraries."""
