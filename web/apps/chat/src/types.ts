/** The wire shapes of the chat and booking services, as far as the page reads them. Times are RFC 3339, money is cents. */

export interface Place {
  name: string;
  address: string;
  phone: string;
}

export interface Location extends Place {
  timezone: string;
}

export interface Vehicle {
  year?: number | string | null;
  make?: string | null;
  model?: string | null;
  class?: string | null;
  vehicle_class?: string | null;
}

/** `exact` and `from` use `amount_cents`; `range` also `max_cents`; `on_request` neither. */
export interface Price {
  kind: string;
  amount_cents?: number | null;
  max_cents?: number | null;
}

export interface Lead {
  id: string;
  first_name?: string | null;
  vehicle?: Vehicle | null;
  interest?: string | null;
}

export interface Action {
  id: string;
  label: string;
}

export interface Slot {
  start: string;
  end: string;
  label: string;
  action: string;
}

export interface OpenTimes {
  timezone: string;
  slots: Omit<Slot, "action">[];
}

/** A service by its name alone, or with its code and what is booked beside it. */
export type Service = string | { name: string; addons?: { name: string }[] };

export interface Quote {
  id: string;
  service?: Service | null;
  lines: { label: string; amount_cents: number | null }[];
  vehicle?: Vehicle | null;
  total_cents: number | null;
  max_cents?: number | null;
  kind: string;
  valid_until?: string | null;
}

export interface Appointment {
  id: string;
  number: string | number;
  status: string;
  start: string;
  end: string;
  timezone: string;
  service: Service;
  /** The one that was priced. */
  vehicle?: Vehicle | null;
  total_cents: number | null;
  /** Missing on an appointment of before prices had kinds. */
  price?: Price | null;
  location?: Partial<Place> | string | null;
  manage_url?: string | null;
}

/** One way to have a job done, beside the others; `action` asks for its price. */
export interface Tier {
  action: string;
  name: string;
  price: Price;
  duration_minutes: number;
  differs?: string;
}

export type Part =
  | { kind: "slots"; timezone: string; quote_id?: string | null; slots: Slot[] }
  | { kind: "quote"; quote: Quote }
  | { kind: "appointment"; appointment: Appointment }
  | { kind: "tiers"; vehicle?: Vehicle | null; vehicle_class?: string | null; tiers: Tier[] }
  | { kind: "actions"; actions: Action[] };

export type Author = "customer" | "assistant" | "staff" | "system";

export interface Message {
  seq: number;
  id: string;
  author: Author;
  /** Of the member of staff who wrote it. */
  author_name?: string | null;
  text: string;
  created_at: string;
  client_id?: string | null;
  parts?: Part[] | null;
}

export interface ConversationStatus {
  state: string;
  owner: "assistant" | "human";
  assistant: "claude" | "offline";
  /** A person is awaited; the assistant answers meanwhile. */
  person_asked?: boolean | undefined;
  /** The customer's; missing from a server of before the page had two. */
  language?: "en" | "es" | undefined;
}

/** A missing `appointment` means that there is none. */
export interface StateChange extends ConversationStatus {
  actions: Action[];
  appointment?: Appointment | null;
}

export interface Session {
  lead: Lead;
  location: Location;
  conversation: ConversationStatus & { id: string };
  messages: Message[];
  actions: Action[];
  appointment?: Appointment | null;
}

/** What a customer sends: words, or the press of a button. */
export type Say = { text: string } | { action: string };

export interface ManagedAppointment extends Omit<Appointment, "location"> {
  location: Place;
  contact?: { name_masked?: string | null; email_masked?: string | null; phone_masked?: string | null } | null;
}

export interface ManageView {
  appointment: ManagedAppointment;
}
