"""Cases and contacts: who is traced, what they share by their own act, who is next."""
