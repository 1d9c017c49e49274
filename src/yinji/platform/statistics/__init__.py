"""Figures for regulators and readers: what was published, under which notice, and what became of reports (R102)."""
