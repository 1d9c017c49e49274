"""China: the labelling Measures, GB 45438-2025, the TC260 practice guides and the short-video rule."""
