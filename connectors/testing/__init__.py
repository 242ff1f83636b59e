"""The test kit for authors of connectors, offered as `c360.testing`."""
