/** Calls to the staff API with the browser's session cookie; every failure is an `ApiError`. */
import type {
  CalendarDays,
  FreeTimes,
  Offered,
  PricedJob,
  Slot,
} from "./calendar";
import type { Lead, LeadDetails, Me, Message, Note, Opened, Place, Present, Row, TimelineEvent } from "./types";

const REQUEST_TIMEOUT_MS = 15_000;

/** A call that did not succeed. `status` 0 means that no answer came: offline, cut off or timed out. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string | null;
  readonly retryAfterSeconds: number | null;
  /** What was written after the message that the reply was for. */
  readonly meanwhile: Message[];
  /** Times that are free where the one that was wished for is not. */
  readonly alternatives: Slot[];

  constructor(
    status: number,
    detail = "",
    code: string | null = null,
    retryAfterSeconds: number | null = null,
    meanwhile: Message[] = [],
    alternatives: Slot[] = [],
  ) {
    super(detail || `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
    this.meanwhile = meanwhile;
    this.alternatives = alternatives;
  }
}

/** The same call may succeed later without any change. */
export const isTransient = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 0 || error.status >= 500);

export const isSignedOut = (error: unknown): boolean =>
  error instanceof ApiError && error.status === 401 && error.code === "not_signed_in";

/** Reads Retry-After, given in seconds or as an HTTP date; null when absent or unreadable. */
export function retryAfterSeconds(header: string | null, nowMs: number): number | null {
  if (!header) return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, Math.ceil(seconds));
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - nowMs) / 1000));
}

export async function toApiError(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => null)) as {
    detail?: unknown;
    code?: unknown;
    messages?: Message[];
    alternatives?: Slot[];
  } | null;
  return new ApiError(
    response.status,
    typeof problem?.detail === "string" ? problem.detail : "",
    typeof problem?.code === "string" ? problem.code : null,
    retryAfterSeconds(response.headers.get("Retry-After"), Date.now()),
    problem?.code === "said_meanwhile" ? problem.messages : [],
    problem?.alternatives,
  );
}

async function call(
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
): Promise<Response> {
  const init: RequestInit = {
    method,
    keepalive: method === "DELETE", // also while the page closes
    cache: "no-store",
    credentials: "same-origin",
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  };
  if (body !== undefined) {
    Object.assign(init, { headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) });
  }
  const response = await fetch(`/api/staff${path}`, init).catch((cause: unknown) => {
    throw new ApiError(0, String(cause));
  });
  if (!response.ok) throw await toApiError(response);
  return response;
}

/** A body that is cut off or is not JSON (a proxy's page) counts as no answer. */
async function json<T>(answer: Promise<Response>): Promise<T> {
  const response = await answer;
  return response.json().catch((cause: unknown) => {
    throw new ApiError(0, String(cause));
  }) as Promise<T>;
}

const get = <T>(path: string) => json<T>(call("GET", path));
const post = <T>(path: string, body: unknown = {}) => json<T>(call("POST", path, body));

export interface InboxQuery {
  state?: string;
  location?: string;
  q?: string;
  /** Of the last row of the page before. */
  before?: string;
  before_id?: string;
}

/** `?a=1&b=2` of the values that are there. */
export function query(values: Record<string, string | number | undefined>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
}

export interface LeadsQuery {
  status?: string;
  source?: string;
  location?: string;
  /** Moments. */
  from?: string;
  to?: string;
  q?: string;
  /** Of the last lead of the page before. */
  before?: string;
  before_id?: string;
}

export interface PageBefore {
  seq: number;
  notes?: string;
}

const appointment = (id: string) => `/calendar/appointments/${encodeURIComponent(id)}`;
const conversation = (id: string) => `/conversations/${encodeURIComponent(id)}`;

export const api = {
  login: async (email: string): Promise<void> => {
    await call("POST", "/login", { email });
  },
  openSession: (code: string) => post<Me>("/session", { code }),
  closeSession: async (everywhere: boolean): Promise<void> => {
    await call("DELETE", everywhere ? "/sessions" : "/session");
  },
  me: () => get<Me>("/me"),
  locations: async () => (await get<{ locations: Place[] }>("/locations")).locations,
  inbox: async (wanted: InboxQuery) =>
    (await get<{ conversations: Row[] }>(`/conversations${query({ ...wanted })}`)).conversations,
  open: (id: string, before?: PageBefore) =>
    get<Opened>(`${conversation(id)}${query({ before_seq: before?.seq, notes_before: before?.notes })}`),
  takeOver: (id: string) => post<Opened>(`${conversation(id)}/take-over`),
  giveBack: (id: string) => post<Opened>(`${conversation(id)}/give-back`),
  write: async (id: string, clientId: string, text: string, seenSeq: number) =>
    (await post<{ message: Message }>(`${conversation(id)}/messages`, { client_id: clientId, text, seen_seq: seenSeq }))
      .message,
  /** `writing` asks for the turn to reply, or gives it up. */
  beHere: async (id: string, writing?: boolean) =>
    (await json<{ present: Present[] }>(call("PUT", `${conversation(id)}/presence`, { writing }))).present,
  leave: async (id: string): Promise<void> => {
    await call("DELETE", `${conversation(id)}/presence`);
  },
  note: async (id: string, clientId: string, text: string) =>
    (await post<{ note: Note }>(`${conversation(id)}/notes`, { client_id: clientId, text })).note,
  leads: async (wanted: LeadsQuery) => (await get<{ leads: Lead[] }>(`/leads${query({ ...wanted })}`)).leads,
  /** Where the browser gets them as a file. */
  leadsFile: (wanted: LeadsQuery) => `/api/staff/leads.csv${query({ ...wanted })}`,
  lead: (id: string) => get<LeadDetails>(`/leads/${encodeURIComponent(id)}`),
  calendar: (location: string, from: string, days: number) =>
    get<CalendarDays>(`/calendar${query({ location, from, days })}`),
  offered: async (leadId: string) =>
    (await get<{ services: Offered[] }>(`/calendar/services${query({ lead_id: leadId })}`)).services,
  price: (leadId: string, service: string) =>
    post<PricedJob>("/calendar/quotes", { lead_id: leadId, service }),
  /** For a lead's quote, or for moving an appointment. */
  freeTimes: (of: { lead_id: string; quote_id: string } | { appointment_id: string }, from: string, days: number) =>
    get<FreeTimes>(`/calendar/slots${query({ ...of, from, days })}`),
  book: async (leadId: string, quoteId: string, start: string, key: string): Promise<void> => {
    const body = { lead_id: leadId, quote_id: quoteId, start };
    await call("POST", "/calendar/appointments", body, { "Idempotency-Key": key });
  },
  move: async (appointmentId: string, start: string): Promise<void> => {
    await call("POST", `${appointment(appointmentId)}/move`, { start });
  },
  cancel: async (appointmentId: string, reason: string): Promise<void> => {
    await call("POST", `${appointment(appointmentId)}/cancel`, reason ? { reason } : {});
  },
  noShow: async (appointmentId: string): Promise<void> => {
    await call("POST", `${appointment(appointmentId)}/no-show`, {});
  },
  timeline: async (leadId: string) =>
    (await get<{ events: TimelineEvent[] }>(`/leads/${encodeURIComponent(leadId)}/timeline`)).events,
};
