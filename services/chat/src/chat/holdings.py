"""What chat holds of a lead, and what erasing leaves of it: conversations that count, without a person or a word; and what leaves by age."""

from shared.persons import Holding, Holdings
from shared.retention import Kind, Retention

_THEIRS = "conversation_id IN (SELECT id FROM conversations WHERE lead_id = :lead_id)"

HOLDINGS = Holdings(
    (
        Holding("deltas", _THEIRS),
        Holding("presences", _THEIRS),
        Holding("said_words", _THEIRS),
        Holding("staff_notes", _THEIRS),
        Holding(
            "handoffs",
            _THEIRS,
            blank="reason = '', summary = '', open_question = NULL, suggested_reply = NULL, call_back_phone = NULL, "
            "escalate_at = NULL, ended_at = coalesce(ended_at, clock_timestamp())",
        ),
        Holding("verdicts", _THEIRS, blank="sentence = '', reason = ''"),
        Holding("knowledge_gaps", _THEIRS),
        Holding("receipts", _THEIRS, blank="result = '{}'"),
        Holding(
            "chat_messages",
            _THEIRS,
            blank="text = '', client_id = NULL, action = NULL, parts = NULL, author_name = NULL",
        ),
        # The conversation's own id stands in for the lead's, so that the numbers of both still belong together.
        Holding(
            "timeline",
            "lead_id = :lead_id AND EXISTS (SELECT FROM conversations c WHERE c.lead_id = :lead_id)",
            blank="summary = '', lead_id = (SELECT c.id FROM conversations c WHERE c.lead_id = :lead_id)",
        ),
        Holding("timeline", "lead_id = :lead_id"),
        Holding(
            "conversations",
            "lead_id = :lead_id",
            blank="lead_id = id, owner = 'assistant', state = 'need', vehicle = NULL, quote = NULL, offered = '[]', hold = NULL, "
            "appointment = NULL, person_offered = NULL, person_asked_at = NULL, present_at = NULL, answer_due_at = NULL, answering_until = NULL, "
            "waiting_since = NULL",
        ),
        Holding("leads", "lead_id = :lead_id"),
    ),
    locks=(
        "SELECT FROM conversations WHERE lead_id = :lead_id FOR UPDATE",
        "LOCK TABLE deltas IN SHARE ROW EXCLUSIVE MODE",
    ),
)

RETENTION = Retention(
    kinds=(
        Kind(
            name="receipts",
            what="results of the assistant's tools",
            table="receipts",
            days=365,
            since="created_at",
            after="they were got",
        ),
        Kind(
            name="knowledge_gaps",
            what="questions of customers that nothing answered",
            table="knowledge_gaps",
            days=180,
            since="asked_at",
            after="they were asked",
        ),
        Kind(
            name="verdicts",
            what="a model's sentences under check; the verdict stays",
            table="verdicts",
            days=365,
            since="created_at",
            after="they were checked",
            where="sentence <> ''",
            blank="sentence = '', reason = ''",
        ),
    ),
    kept={
        "tenants": "the shop's own",
        "locations": "the shop's own",
        "catalogs": "the shop's own",
        "knowledge": "the shop's own",
        "staff": "who works there, or did",
    },
)
