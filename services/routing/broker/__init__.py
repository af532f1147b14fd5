"""The agencies' queues on RabbitMQ (contract, section 4): what stands in the broker, what goes out, what comes back."""
