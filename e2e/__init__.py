"""End to end: the real page and the real engine in headless Chromium."""
