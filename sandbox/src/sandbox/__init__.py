"""The outside world on one machine: ShopMonkey, Twilio, Claude and a mail server, with their faults."""
