/** Codes and failures in words. */
import { ApiError, isSignedOut } from "./api";
import type { Author, Channel, Present, ReplyBy, Role, Row } from "./types";

/** "40 seconds", "2 minutes": rounded up, so that nobody comes too early. */
export function wait(seconds: number): string {
  if (seconds < 60) return seconds === 1 ? "1 second" : `${seconds} seconds`;
  const minutes = Math.ceil(seconds / 60);
  return minutes === 1 ? "1 minute" : `${minutes} minutes`;
}

/** What went wrong and what to do. */
export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return "Something went wrong on this page. Reload it.";
  if (error.status === 0) return "No answer from the server. Check the connection and try again.";
  if (error.status === 429) return `Too many requests. Try again in ${wait(error.retryAfterSeconds ?? 60)}.`;
  if (isSignedOut(error)) return "You are signed out. Sign in again.";
  if (error.code === "read_only") return "Your role may look, and not write.";
  if (error.code === "said_meanwhile") return "Something was written meanwhile. Read it, then send again.";
  // The server's own words say of what there is none.
  if (error.status === 404 && error.code !== "not_found") return "There is no such conversation at your locations.";
  if (error.status >= 500) return "The server is not well at the moment. Try again.";
  return error.message;
}

/** Of a sign-in link that was not accepted. */
export function linkErrorText(error: unknown): string {
  if (error instanceof ApiError && (error.code === "login_not_valid" || error.status === 422)) {
    return "This link is not valid any more: each link works once and for 10 minutes. Ask for a new one.";
  }
  return errorText(error);
}

export const ROLES: Record<Role, string> = {
  owner: "Owner",
  region: "Region",
  location: "Location",
  read_only: "Read only",
};

export const CHANNELS: Record<Channel, string> = { web: "Web chat", sms: "SMS", email: "Email", crm: "ShopMonkey" };

const AUTHORS: Record<Author, string> = { customer: "Customer", assistant: "Assistant", staff: "Shop", system: "Info" };

export const authorName = (author: Author, name?: string): string => name ?? AUTHORS[author];

/** "too_expensive" as "Too expensive". */
export function readable(code: string): string {
  const words = code.replaceAll(/[_.]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** "sms" as "SMS", of a lead's source or a code. */
export const sourceName = (source: string): string =>
  ({ shopmonkey: "ShopMonkey", web_form: "Website form", meta: "Meta", google: "Google" })[source] ?? readable(source);

/** How a reply will reach the customer, in a sentence. */
export function replyWay({ channel, also }: ReplyBy): string {
  if (channel === "sms") return "Goes by SMS: the customer wrote by SMS last.";
  if (channel === "email") return "Goes by email: the customer wrote by email last.";
  return also.includes("email")
    ? "The customer has left the chat page: your reply also goes by email."
    : "The customer has the chat page open.";
}

/** "Olga is writing a reply." or "Olga and Sam are here, too."; empty when nobody else is. */
export function whoIsHere(present: Present[], myId: string): string {
  const others = present.filter((one) => one.staff_id !== myId);
  const writer = others.find((one) => one.writing);
  if (writer) return `${writer.name} is writing a reply.`;
  const names = others.map((one) => one.name);
  if (names.length === 0) return "";
  return names.length === 1 ? `${names[0]} is here, too.` : `${names.slice(0, -1).join(", ")} and ${names.at(-1)} are here, too.`;
}

/** Who answers in the conversation at the moment. */
export function whoAnswers(row: Row, myId: string): string {
  const taken = row.handoff?.taken_by;
  if (row.owner === "human") {
    if (taken === myId) return "You answer. The assistant is silent.";
    const name = row.handoff?.taken_by_name ?? "Somebody of the shop";
    return `${name} answers. The assistant is silent.`;
  }
  if (row.handoff && !row.handoff.taken_at) return "The customer waits for a person. The assistant answers meanwhile.";
  return "The assistant answers.";
}
