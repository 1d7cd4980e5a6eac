"""The contract of memoryd: protos, their stubs, and the JSON text that some fields carry."""
