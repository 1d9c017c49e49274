"""What people agree to: the texts as dated data, and who accepted which version when (Measures Art. 8, 9; R98, R99)."""
