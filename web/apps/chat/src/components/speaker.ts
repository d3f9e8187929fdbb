import type { Author } from "../types";

/** Who speaks, above a group of messages; the assistant is always named as what it is. */
export const SPEAKER: Record<Author, string> = {
  customer: "You",
  assistant: "Virtual assistant (AI)",
  staff: "Our team",
  system: "",
};
