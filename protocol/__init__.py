"""The Presence wire protocol: messages, packed records, framing and codes. Imports only msgpack and numpy."""
