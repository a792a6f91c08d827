"""Where messages come from: MQTT 5, paho, memory."""
