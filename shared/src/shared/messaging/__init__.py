"""How events move: recorded in an outbox, relayed to RabbitMQ, consumed once through an inbox."""
