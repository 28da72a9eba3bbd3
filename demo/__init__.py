"""The demonstration: an invented programme to walk around in, and the door that lets one choose whom to be."""
