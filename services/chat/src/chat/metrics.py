"""What the chat service counts; labels hold kinds and models, never ids or words."""

from prometheus_client import Counter, Gauge

VERDICTS = Counter("chat_verdicts_total", "A model's sentences by outcome of the check", ["outcome", "kind"])
MODEL_CALLS = Counter("chat_model_calls_total", "Calls of the model by outcome", ["model", "outcome"])
MODEL_TOKENS = Counter("chat_model_tokens_total", "Tokens by kind", ["model", "kind"])
MODEL_DOLLARS = Counter(
    "chat_model_dollars_total", "Cost by the price list of `domain/model_prices.py`", ["model"]
)
MODEL_AWAY = Gauge("chat_model_away", "1 while the circuit breaker keeps calls from the model")
