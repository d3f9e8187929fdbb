"""What the tests stand on: real PostgreSQL and RabbitMQ, fresh databases, the whole stack, patience."""
