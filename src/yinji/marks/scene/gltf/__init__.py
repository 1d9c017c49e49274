"""The plate in glTF, GLB and VRM."""
