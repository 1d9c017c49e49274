"""SVG and SVGZ."""
