/** Calls to the gateway with the token of the link; every failure is an `ApiError`. */
import type { ManageView, ManagedAppointment, Message, OpenTimes, Say, Session } from "./types";

const REQUEST_TIMEOUT_MS = 15_000;

/** A call that did not succeed. `status` 0 means that no answer came: offline, cut off or timed out. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string | null;
  readonly retryAfterMs: number | null;

  constructor(status: number, detail = "", code: string | null = null, retryAfterMs: number | null = null) {
    super(detail || `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The link is unknown, forged or expired: the server answers all of these alike. */
export const isGone = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 401 || error.status === 404);

/** The same call may succeed later without any change. */
export const isTransient = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);

/** Reads Retry-After, given in seconds or as an HTTP date; null when absent or unreadable. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (!header) return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

/** Turns an unsuccessful response into an `ApiError`, with the fields of its problem+json if it has them. */
export async function toApiError(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => null)) as { detail?: unknown; code?: unknown } | null;
  return new ApiError(
    response.status,
    typeof problem?.detail === "string" ? problem.detail : "",
    typeof problem?.code === "string" ? problem.code : null,
    retryAfterMs(response.headers.get("Retry-After"), Date.now()),
  );
}

async function call(token: string, path: string, body?: unknown): Promise<Response> {
  const init: RequestInit = {
    headers: { Authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    cache: "no-store",
    credentials: "omit",
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  };
  if (body !== undefined) Object.assign(init, { method: "POST", body: JSON.stringify(body) });
  const response = await fetch(path, init).catch((cause: unknown) => {
    throw new ApiError(0, String(cause));
  });
  if (!response.ok) throw await toApiError(response);
  return response;
}

/** A body that is cut off or is not JSON (a proxy's page) counts as no answer. */
async function json<T>(response: Promise<Response>): Promise<T> {
  const received = await response;
  return received.json().catch((cause: unknown) => {
    throw new ApiError(0, String(cause));
  }) as Promise<T>;
}

/** What the times are for: the job of a quote, or an appointment that is moved. */
export type Job = { quote_id: string } | { appointment_id: string };

const DAYS_SHOWN = 30;

export const openTimes = (token: string, job: Job): Promise<OpenTimes> =>
  json<OpenTimes>(call(token, `/api/booking/slots?${new URLSearchParams({ ...job, days: `${DAYS_SHOWN}` })}`));

/** Whether or not it was a link of ours, the answer is the same. */
export const askForNewLink = async (token: string): Promise<void> => {
  await call(token, "/api/links/renew", {});
};

export function chatApi(token: string) {
  return {
    session: () => json<Session>(call(token, "/api/chat/session/me")),
    messagesAfter: async (seq: number) =>
      (await json<{ messages: Message[] }>(call(token, `/api/chat/messages?after=${seq}`))).messages,
    send: async (clientId: string, say: Say) =>
      (await json<{ message: Message }>(call(token, "/api/chat/message", { client_id: clientId, ...say }))).message,
  };
}

export function bookingApi(token: string) {
  const appointment = (id: string) => `/api/booking/appointments/${encodeURIComponent(id)}`;
  return {
    manage: () => json<ManageView>(call(token, "/api/booking/manage")),
    cancel: (id: string, reason: string) =>
      json<Partial<ManagedAppointment>>(call(token, `${appointment(id)}/cancel`, reason ? { reason } : {})),
    move: (id: string, start: string) => json<ManagedAppointment>(call(token, `${appointment(id)}/move`, { start })),
    openTimes: (id: string) => openTimes(token, { appointment_id: id }),
    sendChatLink: async (id: string): Promise<void> => {
      await call(token, `${appointment(id)}/chat-link`, {});
    },
    calendar: async (id: string) => (await call(token, `${appointment(id)}/calendar.ics`)).blob(),
  };
}

export type ChatApi = ReturnType<typeof chatApi>;
export type BookingApi = ReturnType<typeof bookingApi>;
