"""The transport side: proto in, domain out."""
