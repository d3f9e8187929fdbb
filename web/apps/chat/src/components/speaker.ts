import type { Author } from "../types";
import { words } from "../words";

/** Who speaks, above a group of messages; the assistant is always named as what it is. */
export function speaker(author: Author): string {
  const { you, assistant, team } = words();
  return { customer: you, assistant, staff: team, system: "" }[author];
}
