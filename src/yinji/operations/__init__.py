"""The verbs: label, read, check, conform, propagate, carry. Floor 5 of the house.

They put the rooms below in the one order that holds (perceptible, watermark, metadata, signature, read back) and know
neither formats nor rules.
"""
