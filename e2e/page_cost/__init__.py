"""What our page costs and saves, beside the engine alone: `python -m e2e.page_cost [MODEL …]` prints the figures."""
