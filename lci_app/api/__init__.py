"""HTTP, server-sent events and WebSocket: bytes → one call of a service → bytes. No business logic lives here."""
