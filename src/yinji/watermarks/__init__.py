"""Labels nobody sees: payload, coding, embedding, detection. Floor 1 of the house."""
