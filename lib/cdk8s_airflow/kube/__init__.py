"""The edge: the only room that knows jsii; object names; the text of values."""
