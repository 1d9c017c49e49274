"""Office Open XML: DOCX, XLSX, PPTX."""
