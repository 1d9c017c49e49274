"""The label on JPEG pictures, by coefficients: only the blocks under the label change."""
