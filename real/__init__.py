"""Tests with published weights: `make test-real`. No part of `make test`: they download 350 MB and take minutes."""
