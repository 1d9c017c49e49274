"""The label on PNG pictures: only the pixels under the label change."""
