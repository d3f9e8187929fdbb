/** What the staff API answers: `chat/views.py` and `ingest/views.py`. */

export type Role = "owner" | "region" | "location" | "read_only";

export interface Me {
  id: string;
  name: string;
  email: string;
  role: Role;
  /** Codes. */
  locations: string[];
}

export interface Place {
  code: string;
  name: string;
}

export type Author = "customer" | "assistant" | "staff" | "system";
export type Channel = "web" | "sms" | "email" | "crm";

export interface Handoff {
  id: string;
  kind: "hard" | "soft";
  reason: string;
  summary: string;
  open_question?: string;
  suggested_reply?: string;
  level: number;
  taken_by?: string;
  taken_by_name?: string;
  taken_at?: string;
  answer_by?: string;
  call_back?: { phone: string; requested_at: string };
  requested_at: string;
}

export interface Service {
  code: string;
  name: string;
}

export type PriceKind = "exact" | "from" | "range" | "on_request";

export interface Price {
  kind: PriceKind;
  amount_cents?: number | null;
  max_cents?: number | null;
}

export interface Vehicle {
  year?: number | null;
  make?: string | null;
  model?: string | null;
  vehicle_class?: string | null;
}

export interface Appointment {
  id: string;
  number: string;
  status: "booked" | "cancelled";
  start: string;
  end: string;
  timezone: string;
  service: Service;
  vehicle?: Vehicle | null;
  total_cents?: number | null;
  price?: Price | null;
}

export interface Quote {
  id: string;
  service: Service;
  vehicle?: Vehicle | null;
  vehicle_class?: string | null;
  lines: { label: string; amount_cents: number }[];
  total_cents?: number | null;
  max_cents?: number | null;
  kind: PriceKind;
  valid_until: string;
}

export type Part =
  | { kind: "slots"; timezone: string; slots: { start: string; end: string; label: string }[] }
  | { kind: "quote"; quote: Quote }
  | { kind: "appointment"; appointment: Appointment }
  | { kind: "actions"; actions: { id: string; label: string }[] };

export interface Message {
  seq: number;
  id: string;
  author: Author;
  author_name?: string;
  channel: Channel;
  text: string;
  created_at: string;
  parts?: Part[];
}

export interface Note {
  id: string;
  author_name: string;
  text: string;
  created_at: string;
}

/** A member who has the conversation open; `writing`: whose turn it is to reply. */
export interface Present {
  staff_id: string;
  name: string;
  writing: boolean;
}

/** A conversation as the inbox lists it. */
export interface Row {
  id: string;
  lead: { id: string; name: string; vehicle?: string; interest?: string; status: string };
  location: { id: string; code: string; name: string; timezone: string };
  state: string;
  owner: "assistant" | "human";
  assistant: "claude" | "offline";
  unread: boolean;
  waiting_since?: string;
  last_at?: string;
  last_message?: { author: Author; text: string; created_at: string };
  handoff?: Handoff;
  appointment?: Appointment;
  present: Present[];
}

/** How a reply would go now; `also` by mail when the customer's page is closed. */
export interface ReplyBy {
  channel: Channel;
  also: Channel[];
}

export interface Opened {
  conversation: Row;
  messages: Message[];
  notes: Note[];
  reply_by: ReplyBy;
}

/** A lead as the list shows it. */
export interface Lead {
  id: string;
  status: string;
  name: string;
  email?: string;
  phone?: string;
  vehicle?: string;
  interest?: string;
  source: string;
  location: Place & { timezone: string };
  received_at: string;
}

export interface LeadDetails extends Lead {
  message?: string;
  consent: {
    sms: boolean;
    email: boolean;
    text?: string;
    version?: string;
    url?: string;
    given_at?: string;
  };
}

export interface TimelineEvent {
  type: string;
  time: string;
  summary: string;
}
