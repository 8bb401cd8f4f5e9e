"""The page in a real browser on the real engine: a person's way through, every problem's screen, two tabs, axe."""
