"""glTF, GLB and VRM."""
