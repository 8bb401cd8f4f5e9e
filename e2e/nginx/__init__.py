"""An exported site from real servers of files; `make test-export` installs them."""
